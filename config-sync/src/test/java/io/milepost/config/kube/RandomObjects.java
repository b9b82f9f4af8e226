package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Objects that are valid, broken in one place, or odd; equal seeds give equal objects. */
final class RandomObjects {
    private static final String[] SERVICES = {"reviews", "ratings", "tcp", "gone", "far"};
    private static final String[] PATHS = {"/", "/a", "/a/b", "/b", "/a.*", "a", "", "/\u00e4", "/a("};
    private static final String[] BROKEN = {"zzz: 1", "rules: 7", "parentRefs: {}", "weight: [x]", "hosts: 3", "port: a"
    };

    private final Random random;

    RandomObjects(long seed) {
        random = new Random(seed);
    }

    private String any(String... of) {
        return of[random.nextInt(of.length)];
    }

    private boolean one(int of) {
        return random.nextInt(of) == 0;
    }

    /** One document; small numbers let names repeat, so that objects replace each other. */
    String next() {
        int n = random.nextInt(4);
        return switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> route("HTTPRoute", n);
            case 4 -> route("GRPCRoute", n);
            case 5 -> route("TCPRoute", n);
            case 6 -> route("TLSRoute", n);
            case 7 -> slice(n);
            case 8 -> object("networking.istio.io/v1", "VirtualService", "v" + n, virtualService());
            case 9 -> object("networking.istio.io/v1", "DestinationRule", "d" + n, destinationRule());
            case 10 ->
                object(
                        "gateway.networking.k8s.io/v1",
                        "BackendTLSPolicy",
                        "b" + n,
                        "{targetRefs: [{group: '', kind: Service, name: " + any(SERVICES)
                                + "}], validation: {hostname: h.example, wellKnownCACertificates: "
                                + any("System", "Nobody") + "}}");
            default ->
                object(
                        "security.istio.io/v1",
                        "AuthorizationPolicy",
                        "a" + n,
                        "{targetRefs: [{group: '', kind: Service, name: " + any(SERVICES)
                                + "}], rules: [{to: [{operation: {paths: ['" + any("/a", "/b*", "*") + "']}}]}]}");
        };
    }

    private static String object(String version, String kind, String name, String spec) {
        return "{apiVersion: " + version + ", kind: " + kind + ", metadata: {name: " + name + "}, spec: " + spec + "}";
    }

    private String route(String kind, int n) {
        String parent = "{group: '', kind: " + any("Service", "Service", "Service", "Gateway") + ", name: "
                + any(SERVICES)
                + (one(3) ? ", port: " + any("80", "90", "81", "x") : "") + (one(5) ? ", sectionName: http" : "")
                + (one(6) ? ", namespace: other" : "") + "}";
        List<String> rules = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            rules.add("{" + (kind.equals("TCPRoute") || kind.equals("TLSRoute") ? "" : matches(kind) + filters())
                    + "backendRefs: [" + backend() + (one(2) ? ", " + backend() : "") + "]"
                    + (one(8) ? ", " + any(BROKEN) : "") + "}");
        }
        return "{apiVersion: gateway.networking.k8s.io/v1, kind: " + kind + ", metadata: {name: " + kind.charAt(0) + n
                + (one(4) ? ", namespace: " + any("other", "default") : "")
                + (one(3) ? ", creationTimestamp: '2024-01-0" + (1 + random.nextInt(3)) + "T00:00:00Z'" : "")
                + "}, spec: {parentRefs: [" + parent + "], " + (one(6) ? "hostnames: [a.example], " : "")
                + (one(10) ? "bogus: {a: 1}, " : "") + "rules: [" + String.join(", ", rules) + "]}}";
    }

    private String matches(String kind) {
        if (one(4)) {
            return "";
        }
        String headers = one(3)
                ? "headers: [{name: X-a, value: '" + any("1", "b(") + "', type: "
                        + any("Exact", "RegularExpression", "Odd") + "}]"
                : "";
        if (kind.equals("GRPCRoute")) {
            return "matches: [{method: {service: " + any("a.B", "c", "''") + ", method: " + any("M", "'[('") + "}"
                    + (headers.isEmpty() ? "" : ", " + headers) + "}], ";
        }
        return "matches: [{path: {type: " + any("Exact", "PathPrefix", "PathPrefix", "RegularExpression", "Odd")
                + ", value: '"
                + any(PATHS) + "'}" + (headers.isEmpty() ? "" : ", " + headers)
                + (one(4) ? ", method: GET" : "") + (one(5) ? ", queryParams: [{name: q, value: '1'}]" : "") + "}], ";
    }

    private String filters() {
        return one(3)
                ? ""
                : "filters: ["
                        + any(
                                "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], remove: [c]}}",
                                "{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: Host, value: b}]}}",
                                "{type: RequestRedirect, requestRedirect: {port: 8080, path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}",
                                "{type: RequestRedirect, requestRedirect: {statusCode: 200}}",
                                "{type: URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}",
                                "{type: RequestMirror, requestMirror: {backendRef: {name: ratings, port: 80}, percent: 10}}",
                                "{type: RequestMirror, requestMirror: 5}",
                                "{type: CORS, cors: {allowOrigins: ['*', 'https://*.a.example']}}",
                                "{type: ExtensionRef, extensionRef: {group: g, kind: k, name: n}}",
                                "{odd: true}")
                        + "], ";
    }

    private String backend() {
        return "{name: " + any(SERVICES) + (one(8) ? "" : ", port: " + any("80", "90", "70", "80"))
                + (one(3) ? ", weight: " + random.nextInt(3) : "") + (one(8) ? ", kind: Odd" : "")
                + (one(8) ? ", namespace: other" : "") + "}";
    }

    private String slice(int n) {
        String service = any("reviews", "ratings", "gone");
        return "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s" + n
                + ", labels: {kubernetes.io/service-name: " + service
                + "}}, addressType: IPv4, ports: [{name: http, port: 8080}, {name: grpc-a, port: 7070}], endpoints: [{addresses: [10.1.0."
                + (1 + random.nextInt(4)) + "]" + (one(3) ? ", conditions: {ready: false}" : "")
                + (one(2) ? ", targetRef: {kind: Pod, name: r" + (1 + random.nextInt(2)) + "}" : "") + "}]}";
    }

    private String virtualService() {
        return "{hosts: [" + any(SERVICES) + "], http: [{"
                + (one(2) ? "match: [{uri: {prefix: " + any("/a", "/b") + "}}], " : "")
                + "route: [{destination: {host: " + any(SERVICES) + (one(2) ? ", subset: v1" : "") + "}}]"
                + (one(5) ? ", " + any(BROKEN) : "") + "}]}";
    }

    private String destinationRule() {
        return "{host: " + any(SERVICES) + ", subsets: [{name: v1, labels: {version: v1}}]"
                + (one(3) ? ", trafficPolicy: {loadBalancer: {simple: " + any("RANDOM", "ODD") + "}}" : "") + "}";
    }
}
