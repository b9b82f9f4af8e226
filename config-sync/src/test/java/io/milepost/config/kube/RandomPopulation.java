package io.milepost.config.kube;

import java.util.Random;

/** Pods, services, and what is attached to them, in a world so small that they meet; equal seeds give equal objects. */
final class RandomPopulation extends RandomText {
    RandomPopulation(Random random) {
        super(random);
    }

    String next() {
        return of(any(
                "Pod",
                "Pod",
                "WorkloadEntry",
                "Service",
                "EndpointSlice",
                "AuthorizationPolicy",
                "AuthorizationPolicy",
                "RequestAuthentication",
                "Telemetry",
                "Deployment",
                "ServiceEntry",
                "PeerAuthentication"));
    }

    String of(String kind) {
        int n = random.nextInt(4);
        return switch (kind) {
            case "Pod" -> pod(n);
            case "WorkloadEntry" ->
                object(
                        "networking.istio.io/v1",
                        kind,
                        "w" + n,
                        "labels: {app: " + any("reviews", "ratings", "vm") + "}",
                        "spec: {address: " + any("10.3.0.1", "10.1.0.2", "vm.example", "''")
                                + maybe(3, ", labels: {version: v2}")
                                + maybe(3, ", ports: {http: 81}") + maybe(3, ", weight: 5")
                                + maybe(4, ", network: n")
                                + "}");
            case "Service" -> service();
            case "EndpointSlice" -> slice(n);
            case "AuthorizationPolicy" ->
                object(
                        "security.istio.io/v1",
                        kind,
                        "a" + n,
                        maybe(6, "annotations: {istio.io/dry-run: 'true'}"),
                        "spec: {" + attachment() + "action: " + any("ALLOW", "DENY", "AUDIT", "CUSTOM")
                                + ", rules: [{to: [{operation: {" + any("paths: ['/a']", "ports: ['80']", "odd: 1")
                                + "}}]}]}");
            case "RequestAuthentication" ->
                object(
                        "security.istio.io/v1",
                        kind,
                        "q" + n,
                        "",
                        "spec: {" + attachment() + "jwtRules: [{issuer: " + any("a", "b") + "}]}");
            case "Telemetry" ->
                object(
                        "telemetry.istio.io/v1",
                        kind,
                        "t" + n,
                        "",
                        "spec: {" + attachment() + "accessLogging: [{disabled: " + any("true", "false")
                                + maybe(3, ", filter: {expression: '" + any("response.code >= 400", "x") + "'}")
                                + maybe(2, ", providers: [{name: " + any("gone", "envoy") + "}]") + "}]"
                                + maybe(4, ", tracing: [{}]") + "}");
            case "Deployment" ->
                object(
                        "apps/v1",
                        kind,
                        any("d0", "r1"),
                        "",
                        "spec: {replicas: " + random.nextInt(3) + ", template: {metadata: {labels: {app: "
                                + any("reviews", "vm") + maybe(2, ", version: v1")
                                + "}}, spec: {serviceAccountName: d}}}");
            case "ServiceEntry" -> entry(n, random.nextInt(8) == 0);
            case "PeerAuthentication" ->
                object("security.istio.io/v1", kind, "p" + n, "", "spec: {mtls: {mode: STRICT}}");
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private String object(String version, String kind, String name, String metadata, String rest) {
        return "{apiVersion: " + version + ", kind: " + kind + ", metadata: {name: " + name
                + maybe(6, ", namespace: " + any("other", "istio-system"))
                + maybe(8, ", creationTimestamp: '2024-01-0" + (1 + random.nextInt(3)) + "T00:00:00Z'")
                + (metadata.isEmpty() ? "" : ", " + metadata) + "}, " + rest + "}";
    }

    /** @param odd whether it may be another than the last one of this name in what all of the mesh sees */
    private String entry(int n, boolean odd) {
        return object(
                "networking.istio.io/v1",
                "ServiceEntry",
                "e" + n,
                odd ? maybe(2, "labels: {istio.io/use-waypoint: gone}") : "labels: {istio.io/use-waypoint: waypoint}",
                "spec: {hosts: ["
                        + (odd
                                ? any("ext.example", "two.example, ext.example", "vm0.example")
                                : n == 1 ? "vm1.example, more1.example" : "vm" + n + ".example")
                        + "]"
                        + maybe(10, ", addresses: [10.97.0." + random.nextInt(3) + "]")
                        + maybe(5, ", subjectAltNames: [a]")
                        + ", ports: [{number: 80, name: http, protocol: HTTP}], resolution: "
                        + (odd ? any("STATIC", "DNS") : n == 2 ? "DNS" : "STATIC")
                        + any(
                                ", workloadSelector: {labels: {app: vm}}",
                                ", endpoints: [{address: 10.1.0." + random.nextInt(4) + ", weight: "
                                        + any("2", "3") + maybe(4, ", locality: r/z")
                                        + maybe(4, ", labels: {version: v2}") + "}]")
                        + "}");
    }

    private String pod(int n) {
        return object(
                "v1",
                "Pod",
                any("r1", "r2", "p" + n),
                "labels: {app: " + any("reviews", "ratings", "vm") + maybe(2, ", version: " + any("v1", "v2"))
                        + maybe(8, ", istio.io/use-waypoint: " + any("waypoint", "gone"))
                        + maybe(30, ", gateway.networking.k8s.io/gateway-name: waypoint") + "}",
                "spec: {serviceAccountName: " + any("r", "s") + maybe(4, ", nodeName: n1") + maybe(6, ", bogus: 1")
                        + maybe(3, ", containers: [{ports: [{name: web, containerPort: 8081}]}]") + "}"
                        + maybe(
                                1,
                                ", status: {podIP: 10.1.0." + n
                                        + maybe(3, ", conditions: [{type: Ready, status: 'False'}]") + "}"));
    }

    private String service() {
        String name = any("reviews", "ratings", "tcp", "more");
        String address = switch (name) {
            case "reviews" -> "10.96.0.10";
            case "ratings" -> "10.96.0.11";
            default -> "10.96.0.12";
        };
        if (random.nextInt(6) == 0) {
            address = any("10.96.0.10", "10.96.0.12", "10.96.0.20", "10.96.0.21", "10.96.0.22", "None");
        }
        return "{apiVersion: v1, kind: Service, metadata: {name: " + name
                + maybe(8, ", labels: {istio.io/use-waypoint: " + any("waypoint", "none") + "}")
                + maybe(10, ", annotations: {networking.istio.io/exportTo: " + any(".", "'~'") + "}")
                + "}, spec: {clusterIP: " + address + ", ports: [{name: " + (name.equals("tcp") ? "tcp" : "http")
                + ", port: " + (name.equals("tcp") ? "90" : "80") + maybe(3, ", targetPort: " + any("8080", "web"))
                + "}" + (name.equals("reviews") ? ", {name: grpc-a, port: 70}" : "")
                + maybe(8, ", {name: new, port: 99}")
                + "], selector: {app: " + any("reviews", "ratings", "vm") + maybe(3, ", version: v1") + "}"
                + maybe(4, ", publishNotReadyAddresses: true") + maybe(4, ", internalTrafficPolicy: Local")
                + maybe(6, ", sessionAffinity: ClientIP") + maybe(5, ", trafficDistribution: PreferClose") + "}}";
    }

    private String slice(int n) {
        return "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s" + n
                + ", labels: {kubernetes.io/service-name: " + any("reviews", "ratings", "gone")
                + "}}, addressType: IPv4, ports: [{name: http, port: 8080}, {name: grpc-a, port: 7070}], endpoints: [{addresses: [10.1.0."
                + random.nextInt(4) + "]" + maybe(3, ", conditions: {ready: false}")
                + maybe(2, ", targetRef: {kind: Pod, name: " + any("r1", "p1", "p2") + "}") + "}]}";
    }

    private String attachment() {
        return switch (random.nextInt(8)) {
            case 0 -> "";
            case 1, 2 -> "selector: {matchLabels: {app: " + any("reviews", "vm") + maybe(3, ", version: v1") + "}}, ";
            case 3 ->
                "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: " + any("waypoint", "gone")
                        + "}], ";
            case 4 -> "targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}], ";
            case 5 -> "targetRef: {group: '', kind: Service, name: " + any("reviews", "far") + "}, ";
            default ->
                "targetRefs: [{group: '', kind: Service, name: " + any("reviews", "ratings", "tcp", "gone") + "}"
                        + maybe(3, ", {group: networking.istio.io, kind: ServiceEntry, name: e1}") + "], ";
        };
    }
}
