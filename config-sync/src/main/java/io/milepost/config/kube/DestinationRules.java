package io.milepost.config.kube;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.Cluster.OutlierDetection;
import io.milepost.mesh.RouteAction.HashPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** DestinationRules by host: subsets and traffic policies. */
final class DestinationRules {
    private final KubeObjects objects;
    private final Report report;
    private final GatewayRef waypoint;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;

    DestinationRules(
            KubeObjects objects, Report report, GatewayRef waypoint, MeshConfig mesh, ServiceRegistry registry) {
        this.objects = objects;
        this.report = report;
        this.waypoint = waypoint;
        this.mesh = mesh;
        this.registry = registry;
    }

    /** The policy of the whole service, for one port. */
    DestinationPolicy policy(ServiceModel s, int port) {
        return new Merged(levels(first(rulesFor(s.host()), "trafficPolicy"), port), Map.of());
    }

    /** Subsets by name; the first definition wins. */
    Map<String, DestinationPolicy> subsets(ServiceModel s, int port) {
        List<Fields> rules = rulesFor(s.host());
        Map<String, DestinationPolicy> out = new LinkedHashMap<>();
        Optional<Fields> base = first(rules, "trafficPolicy");
        for (Fields rule : rules) {
            for (Fields subset : rule.list("subsets")) {
                List<Fields> levels = levels(subset.maybe("trafficPolicy"), port);
                levels.addAll(levels(base, port));
                out.putIfAbsent(subset.required("name"), new Merged(levels, subset.map("labels")));
            }
        }
        return out;
    }

    boolean hasSubset(String host, String subset) {
        return rulesFor(host).stream()
                .anyMatch(r -> r.list("subsets").stream()
                        .anyMatch(s -> s.text("name", "").equals(subset)));
    }

    /** The keys for consistent hashing; only the top level counts (recorded from istiod). */
    List<HashPolicy> hash(String host) {
        Optional<Fields> hash = first(rulesFor(host), "trafficPolicy")
                .flatMap(p -> p.maybe("loadBalancer"))
                .flatMap(l -> l.maybe("consistentHash"));
        if (hash.isEmpty()) {
            return List.of();
        }
        Fields h = hash.get();
        if (h.has("httpHeaderName")) {
            return List.of(new HashPolicy.Header(h.text("httpHeaderName", "").toLowerCase(java.util.Locale.ROOT)));
        }
        if (h.has("httpCookie")) {
            Fields c = h.at("httpCookie");
            List<String> attributes = new ArrayList<>();
            for (Fields a : c.list("attributes")) {
                String value = a.text("value", "");
                attributes.add(value.isEmpty() ? a.required("name") : a.required("name") + "=" + value);
            }
            return List.of(new HashPolicy.Cookie(
                    c.required("name"),
                    c.has("ttl") ? Optional.of(c.millis("ttl", 0) / 1000) : Optional.empty(),
                    c.text("path", ""),
                    attributes));
        }
        if (h.has("httpQueryParameterName")) {
            return List.of(new HashPolicy.QueryParameter(h.text("httpQueryParameterName", "")));
        }
        return h.bool("useSourceIp", false) ? List.of(new HashPolicy.SourceIp()) : List.of();
    }

    /** Rules of the waypoint's namespace, else of the service's, else of the root; exact hosts hide wildcards. */
    private List<Fields> rulesFor(String host) {
        List<String> namespaces = new ArrayList<>();
        namespaces.add(waypoint.namespace());
        registry.byHost(host).ifPresent(s -> namespaces.add(s.info().namespace()));
        namespaces.add(mesh.settings().rootNamespace());
        for (String namespace : namespaces) {
            List<Fields> best = new ArrayList<>();
            int length = -1;
            for (KubeObject o : objects.ofKind("DestinationRule", namespace)) {
                Fields spec = report.open(o).at("spec");
                String h = ServiceRegistry.fqdn(spec.text("host", ""), o.namespace());
                List<String> exportTo = spec.texts("exportTo");
                boolean visible = exportTo.isEmpty()
                        || exportTo.contains("*")
                        || exportTo.contains(waypoint.namespace())
                        || exportTo.contains(".") && o.namespace().equals(waypoint.namespace());
                if (!visible || spec.has("workloadSelector") || !VirtualServices.hostMatches(h, host)) {
                    continue;
                }
                int rank = h.startsWith("*") ? h.length() : Integer.MAX_VALUE;
                if (rank > length) {
                    best.clear();
                    length = rank;
                }
                if (rank == length) {
                    best.add(spec);
                }
            }
            if (!best.isEmpty()) {
                return best;
            }
        }
        return List.of();
    }

    private static Optional<Fields> first(List<Fields> rules, String field) {
        return rules.stream().filter(r -> r.has(field)).map(r -> r.at(field)).findFirst();
    }

    /** The port's settings, then the general ones. */
    private static List<Fields> levels(Optional<Fields> policy, int port) {
        List<Fields> out = new ArrayList<>();
        if (policy.isPresent()) {
            for (Fields p : policy.get().list("portLevelSettings")) {
                if (p.at("port").integer("number", 0) == port) {
                    out.add(p);
                }
            }
            out.add(policy.get());
        }
        return out;
    }

    /** Each setting comes from the most specific level that has it. */
    private record Merged(List<Fields> levels, Map<String, String> labels) implements DestinationPolicy {
        private Optional<Fields> setting(String name) {
            return levels.stream().filter(l -> l.has(name)).map(l -> l.at(name)).findFirst();
        }

        @Override
        public Cluster apply(Cluster c, boolean http) {
            if (levels.isEmpty()) {
                return c;
            }
            Fields pool = setting("connectionPool").orElse(levels.getFirst().at("connectionPool"));
            Fields tcp = pool.at("tcp");
            Fields h = pool.at("http");
            String upgrade = h.text("h2UpgradePolicy", "");
            Cluster.Protocol protocol = c.protocol();
            if (http && h.bool("useClientProtocol", false)) {
                protocol = Cluster.Protocol.CLIENT;
            } else if (http && upgrade.equals("UPGRADE")) {
                protocol = Cluster.Protocol.HTTP2;
            }
            int unlimited = Integer.MAX_VALUE;
            Limits limits = new Limits(
                    positive(tcp.integer("maxConnections", 0), unlimited),
                    positive(h.integer("http1MaxPendingRequests", 0), unlimited),
                    positive(h.integer("http2MaxRequests", 0), unlimited),
                    positive(h.integer("maxRetries", 0), unlimited),
                    h.integer("maxRequestsPerConnection", 0),
                    h.integer("maxConcurrentStreams", 0),
                    Optional.empty());
            Optional<Fields> outlier = setting("outlierDetection");
            return new Cluster(
                    c.name(),
                    c.serviceHost(),
                    c.serviceName(),
                    c.serviceNamespace(),
                    c.subset(),
                    protocol,
                    c.discovery(),
                    setting("loadBalancer").map(Merged::balancer).orElse(c.balancer()),
                    limits,
                    outlier.map(Merged::outlier),
                    c.tls(),
                    c.proxyProtocol(),
                    tcp.millis("connectTimeout", c.connectTimeoutMillis()),
                    h.millis("idleTimeout", tcp.millis("idleTimeout", c.idleTimeoutMillis())),
                    outlier.map(o -> o.decimal("minHealthPercent", 0)).orElse(c.panicThresholdPercent()),
                    levels.getFirst().ref());
        }

        private static int positive(int n, int otherwise) {
            return n > 0 ? n : otherwise;
        }

        private static LoadBalancer balancer(Fields f) {
            String simple = f.text("simple", "");
            Optional<LoadBalancer.Warmup> warmup = f.maybe("warmup")
                    .map(w -> new LoadBalancer.Warmup(
                            w.millis("duration", 0), w.decimal("aggression", 1), w.decimal("minimumPercent", 10)));
            if (f.has("consistentHash")) {
                Fields h = f.at("consistentHash");
                if (h.has("maglev")) {
                    long size = h.at("maglev").integer("tableSize", 65_537);
                    return new LoadBalancer(
                            Policy.MAGLEV, Optional.of(new LoadBalancer.Ring(size, size)), Optional.empty(), false);
                }
                long minimum = h.at("ringHash").integer("minimumRingSize", h.integer("minimumRingSize", 1024));
                return new LoadBalancer(
                        Policy.RING_HASH,
                        Optional.of(new LoadBalancer.Ring(minimum, 8_388_608)),
                        Optional.empty(),
                        false);
            }
            Policy policy = switch (simple) {
                case "ROUND_ROBIN" -> Policy.ROUND_ROBIN;
                case "RANDOM" -> Policy.RANDOM;
                case "PASSTHROUGH" -> {
                    f.warn("simple", "PASSTHROUGH is not supported yet, requests are balanced: remove it");
                    yield Policy.LEAST_REQUEST;
                }
                default -> Policy.LEAST_REQUEST;
            };
            return new LoadBalancer(policy, Optional.empty(), warmup, false);
        }

        private static OutlierDetection outlier(Fields f) {
            long base = f.millis("baseEjectionTime", 30_000);
            return new OutlierDetection(
                    f.has("consecutive5xxErrors") ? f.integer("consecutive5xxErrors", 5) : 5,
                    f.integer("consecutiveGatewayErrors", 0),
                    f.bool("splitExternalLocalOriginErrors", false),
                    f.integer("consecutiveLocalOriginFailures", 5),
                    f.millis("interval", 10_000),
                    base,
                    Math.max(base, 300_000),
                    f.integer("maxEjectionPercent", 10));
        }
    }
}
