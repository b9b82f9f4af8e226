package io.milepost.bench.translation;

/** Services behind one waypoint, each with routes and endpoints, as YAML; objects differ by a version in one place. */
final class LargeMesh {
    private LargeMesh() {}

    /** One file with everything. */
    static String yaml(int services, int routes) {
        StringBuilder out = new StringBuilder(services * (routes * 120 + 800));
        out.append("""
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: default
                  labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: Gateway
                metadata: {name: waypoint}
                spec:
                  gatewayClassName: istio-waypoint
                  listeners:
                  - {name: mesh, port: 15008, protocol: HBONE}
                """);
        for (int i = 0; i < services; i++) {
            out.append("""
                    ---
                    apiVersion: v1
                    kind: Service
                    metadata: {name: s%d}
                    spec:
                      clusterIP: %s
                      ports:
                      - {name: http, port: 80, targetPort: 8080}
                      selector: {app: s%d}
                    """.formatted(i, address("10.96", i), i));
            out.append("---\n").append(slice(i, 0));
            out.append("---\n").append(route(i, routes, 0));
        }
        return out.toString();
    }

    /** Two endpoints. */
    static String slice(int i, int version) {
        return """
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata:
                  name: e%d
                  labels: {kubernetes.io/service-name: s%d}
                addressType: IPv4
                ports:
                - {name: http, port: 8080}
                endpoints:
                - addresses: [%s]
                - addresses: [%s]
                  conditions: {ready: %s}
                """.formatted(i, i, address("10.1", i), address("10.2", i), version % 2 == 0);
    }

    static String route(int i, int routes, int version) {
        StringBuilder out = new StringBuilder("""
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: r%d}
                spec:
                  parentRefs:
                  - {group: '', kind: Service, name: s%d}
                  rules:
                """.formatted(i, i));
        for (int r = 0; r < routes; r++) {
            out.append("  - matches: [{path: {type: PathPrefix, value: /p")
                    .append(r)
                    .append('-')
                    .append(version)
                    .append("}}]\n    backendRefs: [{name: s")
                    .append(i)
                    .append(", port: 80}]\n");
        }
        return out.toString();
    }

    static String policy(int i, int version) {
        return """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: a%d}
                spec:
                  targetRefs:
                  - {group: '', kind: Service, name: s%d}
                  rules:
                  - to: [{operation: {paths: [/p%d]}}]
                """.formatted(i, i, version);
    }

    private static String address(String net, int i) {
        return net + "." + i / 250 + "." + (1 + i % 250);
    }
}
