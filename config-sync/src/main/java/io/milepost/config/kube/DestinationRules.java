package io.milepost.config.kube;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.RouteAction.HashPolicy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** DestinationRules by host: which count, their subsets and traffic policies. */
final class DestinationRules {
    private final GatewayRef waypoint;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;
    private final TrafficPolicy.Context context;
    private final Map<String, Namespace> namespaces = new HashMap<>();
    private final Map<String, List<Fields>> byHost = new HashMap<>();
    private final Report report;
    /** Host of a rule to the hosts of the services whose translation asked for it. */
    private final Map<String, Set<String>> readers = new HashMap<>();

    private String reader = "";

    /** The rules of one namespace by the host they are written for; wildcards apart. */
    private record Namespace(Map<String, List<Fields>> exact, Map<String, List<Fields>> wildcards) {}

    /** How a destination's DestinationRule changes raw connections. */
    record TcpSettings(long idleTimeoutMillis, long maxDurationMillis, boolean hashSourceIp) {
        static final TcpSettings DEFAULT = new TcpSettings(0, 0, false);
    }

    DestinationRules(
            KubeObjects objects, Report report, GatewayRef waypoint, MeshConfig mesh, ServiceRegistry registry) {
        this.waypoint = waypoint;
        this.mesh = mesh;
        this.registry = registry;
        this.context = new TrafficPolicy.Context(mesh, new UpstreamTlsReader(objects, waypoint));
        this.report = report;
        objects.ofKind("DestinationRule").forEach(this::put);
    }

    /** Takes one in; of several for one host the oldest stays the first. */
    void put(KubeObject o) {
        report.in(Report.part(o), () -> index(o));
    }

    /** Forgets one whose host is no wildcard. */
    @SuppressWarnings("ReferenceEquality") // the very version that was put
    void remove(KubeObject o) {
        String host = hostOf(o);
        byHost.remove(host);
        Namespace n = namespaces.get(o.namespace());
        List<Fields> rules = n == null ? null : n.exact().get(host);
        if (n != null && rules != null) {
            rules.removeIf(r -> r.object() == o);
            if (rules.isEmpty()) {
                n.exact().remove(host);
            }
        }
    }

    static String hostOf(KubeObject o) {
        return ServiceRegistry.fqdn(o.spec().path("host").asText(""), o.namespace());
    }

    /** From now on it is this service that asks. */
    void readBy(ServiceModel s) {
        reader = s.host();
    }

    /** Hosts of the services whose translation depends on what is written for a host. */
    Set<String> readers(String host) {
        return readers.getOrDefault(host, Set.of());
    }

    private void index(KubeObject o) {
        Fields spec = report.open(o).at("spec");
        String host = ServiceRegistry.fqdn(spec.required("host"), o.namespace());
        List<String> exportTo =
                spec.has("exportTo") ? spec.texts("exportTo") : mesh.exports().destinationRule();
        if (spec.has("workloadSelector")) {
            spec.warn(
                    "workloadSelector",
                    "is for sidecars, this object has no effect at a waypoint: remove it to let the object count");
            skip(spec);
            return;
        }
        if (!Visibility.visible(exportTo, o.namespace(), waypoint.namespace())) {
            spec.info("exportTo", "is not visible in namespace " + waypoint.namespace() + " of this waypoint");
            skip(spec);
            return;
        }
        if (registry.matching(List.of(host)).isEmpty()) {
            spec.info("host", "there is no service " + host + ": no effect here");
            skip(spec);
            return;
        }
        Namespace n =
                namespaces.computeIfAbsent(o.namespace(), k -> new Namespace(new HashMap<>(), new LinkedHashMap<>()));
        Map<String, List<Fields>> kind = host.startsWith("*") ? n.wildcards() : n.exact();
        List<Fields> rules = kind.computeIfAbsent(host, k -> new ArrayList<>());
        rules.add(spec);
        rules.sort(Comparator.comparing(Fields::object, KubeObjects.ORDER));
        byHost.remove(host);
    }

    private static void skip(Fields spec) {
        spec.skip("workloadSelector", "trafficPolicy", "subsets");
    }

    /** The policy of the whole service, for one port. */
    DestinationPolicy policy(ServiceModel s, int port) {
        return base(s.host(), port)
                .<DestinationPolicy>map(p -> new Applied(p, Map.of(), context))
                .orElse(new Applied(TrafficPolicy.NONE, Map.of(), context));
    }

    /** Subsets by name; the first definition wins. */
    Map<String, DestinationPolicy> subsets(ServiceModel s, int port) {
        List<Fields> rules = rulesFor(s.host());
        Map<String, DestinationPolicy> out = new LinkedHashMap<>();
        Optional<TrafficPolicy> base = base(s.host(), port);
        for (Fields rule : rules) {
            for (Fields subset : rule.list("subsets")) {
                String name = subset.required("name");
                if (out.containsKey(name)) {
                    subset.warn(
                            "name", "an earlier DestinationRule defines subset '" + name + "': it counts, not this");
                    subset.skipAll();
                    continue;
                }
                TrafficPolicy own = subset.maybe("trafficPolicy")
                        .map(p -> TrafficPolicy.forPort(p, port).over(base))
                        .orElse(base.orElse(TrafficPolicy.NONE));
                out.put(name, new Applied(own, subset.map("labels"), context));
            }
        }
        return out;
    }

    private Optional<TrafficPolicy> base(String host, int port) {
        return first(rulesFor(host)).map(p -> TrafficPolicy.forPort(p, port));
    }

    boolean hasSubset(String host, String subset) {
        return rulesFor(host).stream()
                .anyMatch(r -> r.list("subsets").stream()
                        .anyMatch(s -> s.text("name", "").equals(subset)));
    }

    /** The keys of the default route; settings of single ports bring none (recorded from istiod). */
    List<HashPolicy> hash(String host) {
        return ConsistentHash.keys(first(rulesFor(host)).map(p -> p.at("loadBalancer")));
    }

    /**
     * The keys for a VirtualService's destination: those of its subset count before those of the service, and at both
     * levels those of a port, if the destination names one.
     *
     * @param port 0 when the destination names none
     */
    List<HashPolicy> hash(String host, String subset, int port) {
        Optional<Fields> policy = first(rulesFor(host));
        Optional<Fields> own = subsetPolicy(host, subset);
        List<Optional<Fields>> inOrder = List.of(
                own.flatMap(p -> TrafficPolicy.portLevel(p, port)),
                own,
                policy.flatMap(p -> TrafficPolicy.portLevel(p, port)),
                policy);
        for (Optional<Fields> p : inOrder) {
            List<HashPolicy> keys = ConsistentHash.keys(p.map(x -> x.at("loadBalancer")));
            if (!keys.isEmpty()) {
                return keys;
            }
        }
        return List.of();
    }

    /** Only settings for the whole service count here, and of a subset the hash. */
    TcpSettings tcp(String host, String subset) {
        Optional<Fields> policy = first(rulesFor(host));
        if (policy.isEmpty() && rulesFor(host).isEmpty()) {
            return TcpSettings.DEFAULT;
        }
        boolean source = sourceIp(policy).orElse(false);
        Optional<Fields> own = subsetPolicy(host, subset).filter(p -> p.has("loadBalancer"));
        if (own.isPresent()) {
            source = sourceIp(own).orElse(false);
        }
        Optional<Fields> tcp = policy.map(p -> p.at("connectionPool").at("tcp")).filter(Fields::exists);
        return new TcpSettings(
                tcp.map(t -> t.millis("idleTimeout", 0)).orElse(0L),
                tcp.map(t -> t.millis("maxConnectionDuration", 0)).orElse(0L),
                source);
    }

    private static Optional<Boolean> sourceIp(Optional<Fields> policy) {
        return policy.map(p -> p.at("loadBalancer").at("consistentHash").bool("useSourceIp", false));
    }

    private Optional<Fields> subsetPolicy(String host, String subset) {
        if (subset.isEmpty()) {
            return Optional.empty();
        }
        for (Fields r : rulesFor(host)) {
            for (Fields s : r.list("subsets")) {
                if (s.text("name", "").equals(subset)) {
                    return s.maybe("trafficPolicy");
                }
            }
        }
        return Optional.empty();
    }

    /** Rules of the waypoint's namespace, else of the service's, else of the root; exact hosts hide wildcards. */
    private List<Fields> rulesFor(String host) {
        readers.computeIfAbsent(host, h -> new HashSet<>()).add(reader);
        List<Fields> known = byHost.get(host);
        if (known == null) {
            known = find(host);
            byHost.put(host, known);
        }
        return known.size() < 2 ? known : lastOfEqualExports(known);
    }

    /**
     * istiod joins only rules with the same exportTo, and one that is exported further into those before it; of what stays
     * apart the youngest counts alone (mergeDestinationRule, SidecarScope.DestinationRule).
     */
    private static List<Fields> lastOfEqualExports(List<Fields> rules) {
        List<Set<String>> exports = new ArrayList<>();
        List<List<Fields>> joined = new ArrayList<>();
        for (Fields r : rules) {
            Set<String> own = new HashSet<>(r.texts("exportTo"));
            boolean apart = true;
            for (int i = 0; i < exports.size(); i++) {
                Set<String> there = exports.get(i);
                apart = !own.equals(there) && (there.isEmpty() || !own.containsAll(there));
                if (!apart) {
                    joined.get(i).add(r);
                }
            }
            if (apart) {
                exports.add(own);
                joined.add(new ArrayList<>(List.of(r)));
            }
        }
        List<Fields> counts = joined.getLast();
        for (Fields r : rules) {
            if (!counts.contains(r)) {
                r.warn(
                        "exportTo",
                        "differs from that of DestinationRule "
                                + counts.getFirst().object().key()
                                + " for the same host, which is younger and counts alone: join them");
                r.skip("trafficPolicy", "subsets");
            }
        }
        return counts;
    }

    private List<Fields> find(String host) {
        List<String> order = new ArrayList<>();
        order.add(waypoint.namespace());
        registry.byHost(host).ifPresent(s -> order.add(s.info().namespace()));
        order.add(mesh.settings().rootNamespace());
        for (String name : order) {
            Namespace n = namespaces.get(name);
            if (n == null) {
                continue;
            }
            List<Fields> exact = n.exact().get(host);
            if (exact != null) {
                return exact;
            }
            String best = "";
            for (String w : n.wildcards().keySet()) {
                if (w.length() > best.length() && host.endsWith(w.substring(1))) {
                    best = w;
                }
            }
            if (!best.isEmpty()) {
                return n.wildcards().getOrDefault(best, List.of());
            }
        }
        return List.of();
    }

    /** Of several rules for one host the first with a policy counts. */
    private static Optional<Fields> first(List<Fields> rules) {
        Optional<Fields> found = Optional.empty();
        for (Fields r : rules) {
            if (!r.has("trafficPolicy")) {
                continue;
            }
            if (found.isEmpty()) {
                found = Optional.of(r.at("trafficPolicy"));
            } else {
                r.warn(
                        "trafficPolicy",
                        "has no effect: DestinationRule " + found.get().object().key()
                                + " for the same host is older and has one; join them");
                r.skip("trafficPolicy");
            }
        }
        return found;
    }

    private record Applied(TrafficPolicy policy, Map<String, String> labels, TrafficPolicy.Context context)
            implements DestinationPolicy {
        @Override
        public Cluster apply(Cluster cluster, ServiceModel.Port port, boolean http) {
            return policy.apply(cluster, port, http, context);
        }

        @Override
        public LocalitySetting locality(TrafficDistribution distribution) {
            return policy.locality(distribution, context);
        }
    }
}
