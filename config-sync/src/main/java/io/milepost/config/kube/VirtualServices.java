package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** VirtualServices: which apply to a service port, and their rules. */
final class VirtualServices {
    private final Report report;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;
    private final GatewayRef waypoint;
    private final VirtualServiceActions actions;
    private final Delegates delegates;
    private final Map<String, List<Root>> exact = new HashMap<>();
    private final List<Root> wildcards = new ArrayList<>();

    /**
     * A VirtualService with hosts that a waypoint can see.
     */
    private record Root(KubeObject object, Fields spec, List<String> hosts, RouteList.Rank rank) {
        static final Comparator<Root> ORDER = Comparator.comparing(Root::object, KubeObjects.ORDER);
    }

    VirtualServices(
            KubeObjects objects,
            Report report,
            GatewayRef waypoint,
            Targets targets,
            DestinationRules rules,
            MeshConfig mesh) {
        this.report = report;
        this.mesh = mesh;
        this.registry = targets.registry();
        this.waypoint = waypoint;
        this.actions = new VirtualServiceActions(targets, rules, mesh);
        List<KubeObject> all = objects.ofKind("VirtualService");
        this.delegates = new Delegates(all, report, mesh);
        all.forEach(this::put);
    }

    /** Takes one in; the list of each host stays in the order of age. */
    void put(KubeObject vs) {
        report.in(Report.part(vs), () -> {
            Fields spec = report.open(vs).at("spec");
            List<String> hosts = spec.texts("hosts");
            if (!hosts.isEmpty()) {
                root(vs, spec, hosts);
            }
        });
    }

    /** Forgets one that has no wildcards as hosts. */
    @SuppressWarnings("ReferenceEquality") // the very version that was put
    void remove(KubeObject vs) {
        for (var h : vs.spec().path("hosts")) {
            List<Root> roots = exact.get(ServiceRegistry.fqdn(h.asText(), vs.namespace()));
            if (roots != null) {
                roots.removeIf(r -> r.object() == vs);
            }
        }
    }

    private void root(KubeObject vs, Fields spec, List<String> hosts) {
        List<String> gateways = spec.texts("gateways");
        List<String> exportTo =
                spec.has("exportTo") ? spec.texts("exportTo") : mesh.exports().virtualService();
        List<String> full = new ArrayList<>();
        for (String h : hosts) {
            if (h.indexOf('*') > 0 || h.startsWith("*") && h.length() > 1 && !h.startsWith("*.")) {
                spec.error("hosts", "'" + h + "' is no host: a wildcard is '*.' and a domain");
            }
            full.add(ServiceRegistry.fqdn(h, vs.namespace()));
        }
        if (!gateways.isEmpty() && !gateways.contains("mesh")) {
            spec.info(
                    "gateways",
                    "does not name 'mesh', so a waypoint does not serve this object: add mesh if it should");
            spec.skip("http", "tcp", "tls");
            return;
        }
        if (full.contains("*")) {
            spec.error(
                    "hosts", "'*' is not allowed for the gateway 'mesh': name hosts or a domain such as *.example.com");
        }
        Optional<RouteList.Rank> rank = Visibility.rank(exportTo, vs.namespace(), waypoint.namespace());
        if (rank.isEmpty()) {
            spec.info(
                    "exportTo",
                    "is not visible in namespace " + waypoint.namespace() + " of this waypoint: no effect here");
            spec.skip("http", "tcp", "tls");
            return;
        }
        Root root = new Root(vs, spec, full, rank.get());
        if (!reachable(root)) {
            spec.skip("http", "tcp", "tls");
            return;
        }
        boolean wild = false;
        for (String h : full) {
            if (h.startsWith("*")) {
                wild = true;
            } else {
                List<Root> roots = exact.computeIfAbsent(h, k -> new ArrayList<>());
                roots.add(root);
                roots.sort(Root.ORDER);
            }
        }
        if (wild) {
            wildcards.add(root);
        }
    }

    /** Whether a service of this waypoint takes rules from it; says why not. */
    private boolean reachable(Root root) {
        boolean found = false;
        for (ServiceModel s : registry.matching(root.hosts())) {
            if (s.ownedBy(waypoint)) {
                if (counts(root, s)) {
                    return true;
                }
                found = true;
            }
        }
        if (found) {
            root.spec()
                    .warn(
                            "hosts",
                            "a VirtualService of namespace " + root.object().namespace()
                                    + " does not count for services of other namespaces: create it in the namespace of "
                                    + "the service or of the waypoint");
        } else {
            root.spec().info("hosts", "no service behind this waypoint has one of these hosts: no effect here");
        }
        return false;
    }

    private boolean counts(Root root, ServiceModel service) {
        String namespace = root.object().namespace();
        return namespace.equals(waypoint.namespace())
                || namespace.equals(service.info().namespace());
    }

    /** In the order of age. */
    private List<Root> candidates(ServiceModel service) {
        List<Root> out = new ArrayList<>();
        for (Root r : exact.getOrDefault(service.host(), List.of())) {
            if (counts(r, service)) {
                out.add(r);
            }
        }
        if (!wildcards.isEmpty() || service.host().startsWith("*")) {
            addWild(service, out);
        }
        return out;
    }

    private void addWild(ServiceModel service, List<Root> out) {
        List<Root> further = new ArrayList<>(wildcards);
        if (service.host().startsWith("*")) {
            exact.values().forEach(further::addAll);
        }
        for (Root r : further) {
            boolean fits = r.hosts().stream().anyMatch(h -> hostMatches(h, service.host()));
            if (fits && counts(r, service) && !out.contains(r)) {
                out.add(r);
            }
        }
        out.sort(Root.ORDER);
    }

    List<RouteList> http(ServiceModel service, Port port) {
        List<RouteList> out = new ArrayList<>();
        for (Root r : candidates(service)) {
            List<RouteRule> rules = new ArrayList<>();
            boolean ended = false;
            for (Delegates.Entry e : delegates.entries(r.spec())) {
                if (ended) {
                    unreachable(e);
                } else {
                    ended = addRules(r.object(), e, service, port, rules);
                }
            }
            if (!rules.isEmpty()) {
                out.add(new RouteList(r.rank(), r.object().created(), r.object().name(), 0, rules));
            }
        }
        return out;
    }

    private static void unreachable(Delegates.Entry e) {
        // A rule for another port only may end the list here and not there.
        Fields own = e.entry().own();
        own.warn("", "is not reached on every port: an earlier rule of this object takes all requests");
        own.skipAll();
    }

    /** Whether a rule for everything ended the list: istiod stops there, too. */
    private boolean addRules(KubeObject vs, Delegates.Entry e, ServiceModel service, Port port, List<RouteRule> rules) {
        String name = e.entry().name();
        if (e.matches().isEmpty()) {
            rules.add(actions.rule(vs, e.entry(), name, RouteMatch.ANY, service, port));
            return true;
        }
        for (MatchEntry m : e.matches()) {
            Optional<RouteMatch> match = VirtualServiceMatches.of(m, port, waypoint);
            if (match.isPresent()) {
                String own = m.name();
                String full = own.isEmpty() ? name : name + "." + own;
                rules.add(actions.rule(vs, e.entry(), full, match.get(), service, port));
                if (VirtualServiceMatches.takesAll(match.get())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** For each VirtualService its first TLS and its first TCP rule that fits the port. */
    List<TcpRouteList> tcp(ServiceModel service, Port port) {
        List<TcpRouteList> out = new ArrayList<>();
        for (Root r : candidates(service)) {
            for (Fields tls : r.spec().list("tls")) {
                if (TcpMatches.tls(tls, service, port)) {
                    out.add(tcp(r, tls, true, port));
                    break;
                }
            }
            for (Fields tcp : r.spec().list("tcp")) {
                if (TcpMatches.tcp(tcp, port)) {
                    out.add(tcp(r, tcp, false, port));
                    break;
                }
            }
        }
        return out;
    }

    private TcpRouteList tcp(Root r, Fields rule, boolean tls, Port port) {
        return new TcpRouteList(tls, r.rank(), r.object().created(), r.object().name(), actions.tcp(rule, port));
    }

    /** What is written to delegates that nobody names. */
    void reportUnused() {
        delegates.reportUnused();
    }

    /** Wildcards are allowed on either side. */
    static boolean hostMatches(String pattern, String host) {
        if (pattern.equals(host) || pattern.equals("*")) {
            return true;
        }
        if (pattern.startsWith("*")) {
            return host.endsWith(pattern.substring(1)) || host.startsWith("*") && pattern.endsWith(host.substring(1));
        }
        return host.startsWith("*") && pattern.endsWith(host.substring(1));
    }
}
