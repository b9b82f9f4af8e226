package io.milepost.testbed.load;

import java.util.List;

/**
 * Configurations of one mesh that differ where live traffic is: weights (down to 0), the rule that takes a request, backends
 * and endpoints that come and go, headers, policies that move between targets. In each of them every request of the clients must be
 * answered with 200.
 */
final class MeshVariants {
    static final int COUNT = 12;
    static final String VIP = "10.96.31.1";

    private final String net;

    /** @param net first two octets of all addresses, for example {@code 127.31} */
    MeshVariants(String net) {
        this.net = net;
    }

    String pod(int n) {
        return net + ".1." + n;
    }

    String client() {
        return net + ".0.1";
    }

    String waypoint() {
        return net + ".15.1";
    }

    /** Variant {@code n} modulo {@link #COUNT}. */
    String yaml(int n) {
        int v = Math.floorMod(n, COUNT);
        boolean third = v % 4 != 3;
        StringBuilder s = new StringBuilder(16_384).append(FRAME);
        s.append(podYaml("client", client(), "client", "client", true));
        s.append(podYaml("load-v1", pod(1), "load", "v1", true));
        s.append(podYaml("load-v2", pod(2), "load", "v2", false));
        if (third) {
            s.append(podYaml("load-v3", pod(3), "load", "v3", true));
        }
        s.append(service("load", VIP, ""));
        s.append(service("load-v1", "10.96.31.11", "v1"));
        s.append(service("load-v2", "10.96.31.12", "v2"));
        if (third) {
            s.append(service("load-v3", "10.96.31.13", "v3"));
        }
        if (v % 6 != 5) {
            s.append(route(v, third));
        }
        s.append(policies(v));
        return s.toString();
    }

    private static String route(int v, boolean third) {
        List<String> weights = List.of("1 0 0", "0 1 0", "50 50 0", "10 80 10", "0 0 1", "33 33 34");
        String[] w = weights.get(v % weights.size()).split(" ", 3);
        String backends =
                "    - {name: load-v1, port: 9080, weight: " + (third || !w[2].equals("1") ? w[0] : "1") + "}\n"
                        + "    - {name: load-v2, port: 9080, weight: " + w[1] + "}\n"
                        + (third ? "    - {name: load-v3, port: 9080, weight: " + w[2] + "}\n" : "");
        String moved = v % 2 == 0 ? """
                  - matches:
                    - path: {type: PathPrefix, value: /a}
                    filters:
                    - type: RequestHeaderModifier
                      requestHeaderModifier:
                        set: [{name: x-variant, value: "@V@"}]
                    backendRefs:
                    - {name: load-v2, port: 9080}
                """.replace("@V@", Integer.toString(v)) : "";
        return """
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: load, namespace: default}
                spec:
                  parentRefs: [{group: "", kind: Service, name: load, port: 9080}]
                  rules:
                """ + moved + "  - backendRefs:\n" + backends;
    }

    /** Policies that deny others and allow the client; on TCP only what names a port of it counts. */
    private static String policies(int v) {
        String deny = """
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: deny, namespace: default}
                spec:
                  targetRefs: [@TARGET@]
                  action: DENY
                  rules:
                  - to: [{operation: {paths: ["/forbidden/*"], ports: ["9080", "9081"]}}]
                    from: [{source: {notNamespaces: ["elsewhere"]}}]
                """;
        String allow = """
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: allow, namespace: default}
                spec:
                  targetRefs: [@TARGET@]
                  action: ALLOW
                  rules:
                  - from: [{source: {principals: ["cluster.local/ns/default/sa/client"]}}]
                """;
        String target = v % 3 == 0
                ? "{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}"
                : "{group: \"\", kind: Service, name: load}";
        return (v % 2 == 0 ? deny.replace("@TARGET@", target) : "")
                + (v % 5 != 0 ? allow.replace("@TARGET@", target) : "");
    }

    private static String service(String name, String vip, String version) {
        return """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: @NAME@, namespace: default, labels: {app: load}}
                spec:
                  clusterIP: @VIP@
                  clusterIPs: [@VIP@]
                  ports:
                  - {name: http, port: 9080, targetPort: 9080, protocol: TCP, appProtocol: http}
                  - {name: grpc, port: 9081, targetPort: 9080, protocol: TCP, appProtocol: grpc}
                  - {name: tcp, port: 9000, targetPort: 9000, protocol: TCP, appProtocol: tcp}
                  selector: {app: load@VERSION@}
                """.replace("@NAME@", name)
                .replace("@VIP@", vip)
                .replace("@VERSION@", version.isEmpty() ? "" : ", version: " + version);
    }

    private static String podYaml(String name, String ip, String account, String version, boolean hbone) {
        return """
                ---
                apiVersion: v1
                kind: Pod
                metadata:
                  name: @NAME@
                  namespace: default
                  uid: uid-@NAME@
                  labels: {app: @APP@, version: @VERSION@}
                  annotations: {@REDIRECTION@}
                spec:
                  serviceAccountName: @ACCOUNT@
                  nodeName: node-1
                  containers: [{name: app, image: app}]
                status:
                  phase: Running
                  podIP: @IP@
                  podIPs: [{ip: @IP@}]
                  conditions: [{type: Ready, status: "True"}]
                """.replace("@REDIRECTION@", hbone ? "ambient.istio.io/redirection: enabled" : "")
                .replace("@ACCOUNT@", account)
                .replace("@NAME@", name)
                .replace("@APP@", account)
                .replace("@VERSION@", version)
                .replace("@IP@", ip);
    }

    private static final String FRAME = MeshParts.WAYPOINT + """
            apiVersion: v1
            kind: Node
            metadata: {name: node-1}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: istio, namespace: istio-system}
            data:
              mesh: |
                accessLogFile: /dev/stdout
                defaultConfig:
                  terminationDrainDuration: 60s
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: waypoint
              namespace: default
              labels: {gateway.networking.k8s.io/gateway-name: waypoint}
            spec:
              clusterIP: 10.96.31.99
              clusterIPs: [10.96.31.99]
              ports: [{name: mesh, port: 15008, appProtocol: hbone}]
              selector: {gateway.networking.k8s.io/gateway-name: waypoint}
            """;
}
