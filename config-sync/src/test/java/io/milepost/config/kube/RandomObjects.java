package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Objects that are valid, broken in one place, or odd; equal seeds give equal objects. */
final class RandomObjects extends RandomText {
    private static final String[] SERVICES = {"reviews", "ratings", "tcp", "gone", "far"};
    private static final String[] PATHS = {"/", "/a", "/a/b", "/b", "/a.*", "a", "", "/\u00e4", "/a("};
    private static final String[] BROKEN = {"zzz: 1", "rules: 7", "parentRefs: {}", "weight: [x]", "port: a"};

    private final RandomIstioObjects istio;

    RandomObjects(long seed) {
        this(new Random(seed));
    }

    RandomObjects(Random random) {
        super(random);
        istio = new RandomIstioObjects(random);
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
            case 8 -> istio.of("VirtualService");
            case 9 -> istio.of("DestinationRule");
            case 10 -> istio.of("BackendTLSPolicy");
            default -> istio.of("AuthorizationPolicy");
        };
    }

    /** One that nothing is wrong with. */
    String plain() {
        int n = random.nextInt(1000);
        String target = any("reviews", "ratings");
        String parent = "parentRefs: [{group: '', kind: Service, name: reviews}], rules: [{matches: [{";
        String backend = "}], backendRefs: [{name: " + target + ", port: 80}]}]";
        return switch (random.nextInt(3)) {
            case 0 ->
                "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: plain" + n + "}, spec: {"
                        + parent + "path: {type: " + any("Exact", "PathPrefix") + ", value: /plain" + n + "}" + backend
                        + "}}";
            case 1 ->
                "{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: plain" + n + "}, spec: {"
                        + parent + "method: {service: a.B, method: M" + n + "}" + backend + "}}";
            default ->
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: plain" + n
                        + "}, spec: {hosts: [ratings], http: [{match: [{uri: {exact: /plain" + n
                        + "}}], route: [{destination: {host: " + target + "}}]}]}}";
        };
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
}
