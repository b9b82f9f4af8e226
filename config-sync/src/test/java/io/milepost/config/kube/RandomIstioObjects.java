package io.milepost.config.kube;

import java.util.Random;

/** The kinds that {@link RandomObjects} leaves out, with most of their fields; equal seeds give equal objects. */
final class RandomIstioObjects extends RandomText {
    private static final String[] HOSTS = {
        "reviews", "ratings", "tcp", "gone", "far.other.svc.cluster.local", "ext.example"
    };

    RandomIstioObjects(Random random) {
        super(random);
    }

    String next() {
        int n = random.nextInt(4);
        return switch (random.nextInt(16)) {
            case 0, 1, 2 -> object("networking.istio.io/v1", "VirtualService", "v" + n, virtualService());
            case 3, 4 -> object("networking.istio.io/v1", "DestinationRule", "d" + n, destinationRule());
            case 5 -> object("networking.istio.io/v1", "ServiceEntry", "e" + n, serviceEntry());
            case 6 -> object("networking.istio.io/v1", "WorkloadEntry", "w" + n, workloadEntry());
            case 7 ->
                object("gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy", "x" + n, backendTraffic());
            case 8 -> object("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "b" + n, backendTls());
            case 9 -> object("security.istio.io/v1", "AuthorizationPolicy", "a" + n, authorization());
            case 10 -> object("telemetry.istio.io/v1", "Telemetry", "t" + n, telemetry());
            case 11 -> object("security.istio.io/v1", "PeerAuthentication", "p" + n, "{mtls: {mode: STRICT}}");
            case 12 -> object("networking.istio.io/v1", "Sidecar", "s" + n, "{egress: [{hosts: ['./*']}]}");
            case 13 ->
                object(
                        "gateway.networking.k8s.io/v1beta1",
                        "ReferenceGrant",
                        "g" + n,
                        "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: "
                                + any("default", "other") + "}], to: [{group: '', kind: Service"
                                + maybe(2, ", name: far") + "}]}");
            case 14 ->
                "{apiVersion: v1, kind: Secret, metadata: {name: ca" + n + "}, data: {ca.crt: " + any("UEVN", "'!'")
                        + "}}";
            default ->
                "{apiVersion: v1, kind: Service, metadata: {name: more" + n
                        + maybe(
                                3,
                                ", annotations: {networking.istio.io/exportTo: " + any(".", "'*'", "'~'", "other")
                                        + "}")
                        + "}, spec: {"
                        + any(
                                "clusterIP: None, ",
                                "clusterIP: 10.96.1." + n + ", ",
                                "type: ExternalName, externalName: ratings, ",
                                "")
                        + "ports: [{name: " + any("http", "tcp", "grpc", "x") + ", port: " + any("80", "90", "0")
                        + "}], "
                        + "selector: {app: " + any("reviews", "ratings") + "}}}";
        };
    }

    /** An object of one of the kinds that change most. */
    String of(String kind) {
        int n = random.nextInt(4);
        return switch (kind) {
            case "VirtualService" -> object("networking.istio.io/v1", kind, "v" + n, virtualService());
            case "DestinationRule" -> object("networking.istio.io/v1", kind, "d" + n, destinationRule());
            case "AuthorizationPolicy" -> object("security.istio.io/v1", kind, "a" + n, authorization());
            case "Telemetry" -> object("telemetry.istio.io/v1", kind, "t" + n, telemetry());
            case "BackendTLSPolicy" -> object("gateway.networking.k8s.io/v1", kind, "b" + n, backendTls());
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** An object of a kind that has no meaning at a waypoint. */
    String withoutMeaning() {
        int n = random.nextInt(4);
        return switch (random.nextInt(6)) {
            case 0 ->
                object(
                        "networking.istio.io/v1alpha3",
                        "EnvoyFilter",
                        "f" + n,
                        "{configPatches: [{applyTo: HTTP_FILTER, patch: {operation: REMOVE}}]}");
            case 1 -> object("networking.istio.io/v1beta1", "ProxyConfig", "c" + n, "{concurrency: 2}");
            case 2 -> object("extensions.istio.io/v1alpha1", "WasmPlugin", "m" + n, "{url: 'oci://x/y'}");
            case 3 ->
                object(
                        "networking.istio.io/v1",
                        "Gateway",
                        "i" + n,
                        "{selector: {a: b}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}");
            case 4 -> object("networking.istio.io/v1", "WorkloadGroup", "o" + n, "{template: {serviceAccount: a}}");
            default -> object("gateway.networking.k8s.io/v1alpha2", "UDPRoute", "u" + n, "{rules: []}");
        };
    }

    private String object(String version, String kind, String name, String spec) {
        return "{apiVersion: " + version + ", kind: " + kind + ", metadata: {name: " + name
                + maybe(6, ", namespace: " + any("other", "istio-system")) + "}, spec: " + spec + "}";
    }

    private String destination() {
        return "{destination: {host: " + any(HOSTS) + maybe(3, ", subset: " + any("v1", "v9"))
                + maybe(3, ", port: {number: " + any("80", "90", "7") + "}") + "}, weight: " + random.nextInt(101)
                + maybe(4, ", headers: {request: {set: {a: b}, remove: [c]}}") + "}";
    }

    private String text() {
        return any("{exact: /a}", "{prefix: /b}", "{regex: '/c.*'}", "{regex: '('}", "{exact: ''}");
    }

    private String match() {
        return "match: [{"
                + any("uri: " + text(), "port: 80", "name: m", "gateways: [mesh]", "sourceNamespace: default")
                + maybe(3, ", headers: {x-a: " + text() + "}") + maybe(4, ", withoutHeaders: {x-b: {}}")
                + maybe(4, ", queryParams: {q: " + text() + "}") + maybe(4, ", method: " + text())
                + maybe(5, ", authority: " + text()) + maybe(6, ", sourceLabels: {app: x}")
                + maybe(5, ", ignoreUriCase: true") + "}], ";
    }

    private String http() {
        String action = switch (random.nextInt(8)) {
            case 0 -> "redirect: {uri: /x, redirectCode: " + any("301", "308", "200") + "}";
            case 1 -> "directResponse: {status: " + any("418", "0", "503") + ", body: {string: hello}}";
            case 2 -> "delegate: {name: " + any("v0", "v1", "gone") + "}";
            default -> "route: [" + destination() + maybe(2, ", " + destination()) + "]";
        };
        return "{" + maybe(2, match()) + action
                + maybe(
                        4,
                        ", rewrite: {"
                                + any(
                                        "uri: /r",
                                        "authority: a.example",
                                        "uriRegexRewrite: {match: '(.)', rewrite: '\\\\1'}")
                                + "}")
                + maybe(4, ", timeout: " + any("1s", "0s", "x", "100ms"))
                + maybe(
                        4,
                        ", retries: {attempts: " + any("2", "0", "-1") + ", perTryTimeout: 1s, retryOn: '"
                                + any("5xx", "reset,503", "odd") + "', backoff: 5ms}")
                + maybe(
                        4,
                        ", fault: {delay: {fixedDelay: 1s, percentage: {value: 10}}, abort: {httpStatus: "
                                + any("500", "7") + ", percentage: {value: 0.1}}}")
                + maybe(4, ", mirrors: [{destination: {host: " + any(HOSTS) + "}, percentage: {value: 50}}]")
                + maybe(
                        5,
                        ", corsPolicy: {allowOrigins: [" + text()
                                + "], allowMethods: [GET], maxAge: 1h, allowCredentials: true}")
                + maybe(5, ", headers: {response: {add: {x: '%REQ(a)%'}}}") + "}";
    }

    private String virtualService() {
        return "{hosts: [" + any(HOSTS) + maybe(6, ", '*.example'") + "]"
                + maybe(5, ", gateways: [" + any("mesh", "other/ingress") + "]")
                + maybe(5, ", exportTo: [" + any(".", "'*'", "other", "'~'") + "]")
                + maybe(1, ", http: [" + http() + maybe(2, ", " + http()) + "]")
                + maybe(4, ", tcp: [{" + maybe(2, "match: [{port: 90}], ") + "route: [" + destination() + "]}]")
                + maybe(
                        5,
                        ", tls: [{match: [{sniHosts: [" + any("a.example", "tcp") + "], port: 90}], route: ["
                                + destination() + "]}]")
                + "}";
    }

    private String policy() {
        return "{"
                + any(
                        "loadBalancer: {simple: " + any("RANDOM", "ROUND_ROBIN", "LEAST_CONN", "PASSTHROUGH", "ODD")
                                + maybe(3, ", warmup: {duration: 10s}") + "}",
                        "loadBalancer: {consistentHash: {"
                                + any(
                                        "httpHeaderName: a",
                                        "useSourceIp: true",
                                        "httpCookie: {name: c, ttl: 0s}",
                                        "httpQueryParameterName: q")
                                + maybe(3, ", maglev: {tableSize: " + any("101", "4") + "}") + "}}",
                        "loadBalancer: {localityLbSetting: {enabled: true, failover: [{from: a, to: b}]}}",
                        "connectionPool: {tcp: {maxConnections: 1, connectTimeout: 1s, tcpKeepalive: {time: 10s}}, http: {http2MaxRequests: 2, h2UpgradePolicy: UPGRADE}}",
                        "outlierDetection: {consecutive5xxErrors: 3, interval: " + any("1s", "0s")
                                + ", maxEjectionPercent: 50, minHealthPercent: 10}",
                        "tls: {mode: " + any("SIMPLE", "MUTUAL", "DISABLE", "ISTIO_MUTUAL", "ODD")
                                + maybe(2, ", credentialName: ca" + random.nextInt(4)) + maybe(3, ", sni: s.example")
                                + "}",
                        "proxyProtocol: {version: V2}",
                        "retryBudget: {percent: 10, minRetryConcurrency: 2}",
                        "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]")
                + "}";
    }

    private String destinationRule() {
        return "{host: " + any(HOSTS) + maybe(2, ", trafficPolicy: " + policy())
                + ", subsets: [{name: v1, labels: {version: v1}" + maybe(3, ", trafficPolicy: " + policy()) + "}"
                + maybe(4, ", {name: v1, labels: {version: v2}}") + "]"
                + maybe(5, ", exportTo: [" + any(".", "other") + "]") + "}";
    }

    private String serviceEntry() {
        return "{hosts: [" + any("ext.example", "two.example", "reviews.default.svc.cluster.local", "'*.wild.example'")
                + "], ports: [{number: 80, name: " + any("http", "tcp") + ", protocol: "
                + any("HTTP", "TCP", "TLS", "ODD")
                + maybe(4, ", targetPort: 8080") + "}], resolution: "
                + any("STATIC", "DNS", "NONE", "DYNAMIC_DNS", "DNS_ROUND_ROBIN", "ODD")
                + maybe(2, ", location: " + any("MESH_EXTERNAL", "MESH_INTERNAL"))
                + maybe(
                        2,
                        ", endpoints: [{address: " + any("10.2.0.1", "name.example")
                                + ", weight: 2, labels: {version: v1}, ports: {http: 81}" + maybe(4, ", network: n2")
                                + "}]")
                + maybe(3, ", addresses: [" + any("10.9.0.1", "10.9.0.0/24", "odd") + "]")
                + maybe(5, ", workloadSelector: {labels: {app: reviews}}") + "}";
    }

    private String workloadEntry() {
        return "{address: " + any("10.3.0.1", "10.3.0.2", "vm.example", "''") + ", labels: {app: "
                + any("reviews", "ratings")
                + ", version: v2}" + maybe(3, ", ports: {http: 81}") + maybe(3, ", weight: 5")
                + maybe(3, ", locality: r/z")
                + maybe(3, ", serviceAccount: vm") + maybe(6, ", network: n") + "}";
    }

    private String target() {
        return "targetRefs: [{group: '', kind: " + any("Service", "Service", "Gateway", "Odd") + ", name: "
                + any("reviews", "gone", "waypoint") + maybe(4, ", sectionName: http") + "}]";
    }

    private String backendTraffic() {
        return "{" + target() + ", retryConstraint: {budget: {percent: " + any("10", "0") + ", interval: 10s}"
                + maybe(2, ", minRetryRate: {count: 3, interval: 1s}") + "}"
                + maybe(4, ", sessionPersistence: {sessionName: s}") + "}";
    }

    private String backendTls() {
        return "{" + target() + ", validation: {hostname: h.example, "
                + any(
                        "wellKnownCACertificates: System",
                        "caCertificateRefs: [{group: '', kind: ConfigMap, name: gone}]",
                        "wellKnownCACertificates: Odd")
                + maybe(3, ", subjectAltNames: [{type: URI, uri: 'spiffe://x'}]") + "}" + maybe(5, ", options: {a: b}")
                + "}";
    }

    private String authorization() {
        return "{" + target() + ", action: " + any("ALLOW", "DENY", "AUDIT", "CUSTOM", "ODD")
                + ", rules: [{" + maybe(2, "from: [{source: {principals: ['*'], notNamespaces: [x]}}], ")
                + "to: [{operation: {paths: ['" + any("/a", "/b*", "/{*}/c", "*") + "'], methods: [GET]}}]"
                + maybe(3, ", when: [{key: '" + any("request.headers[a]", "source.ip", "odd") + "', values: ['1']}]")
                + "}]}";
    }

    private String telemetry() {
        return "{" + maybe(2, target() + ", ") + "accessLogging: [{disabled: " + any("true", "false")
                + maybe(3, ", filter: {expression: '" + any("response.code >= 400", "odd(") + "'}")
                + maybe(3, ", providers: [{name: gone}]") + "}]" + maybe(4, ", metrics: [{}]") + "}";
    }
}
