package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Dispatch.PortDispatch;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.HttpSettings;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Backend;
import io.milepost.mesh.RouteAction.Timeouts;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.RouteTable;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What one waypoint serves, translated service by service: nothing of one service flows into another except the clusters
 * of foreign services, so that one can be translated anew while the others stay. Not thread-safe.
 */
final class WaypointTranslation {
    private final PolicyTranslator policies;
    private final KubeObjects objects;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;
    private final GatewayRef ref;
    private final GatewayInfo gateway;
    private final Clusters clusters;
    private final Map<String, HttpChain> http = new TreeMap<>();
    private final Map<String, TcpChain> tcp = new TreeMap<>();
    private final Foreign foreign = new Foreign();
    private final Report report;
    private final Shadows shadows = new Shadows();
    private final GatewayRoutes routes;
    private final HttpRoutes httpRoutes;
    private final TcpRoutes tcpRoutes;
    private final RouteChecks routeChecks;
    private final BackendPolicies backendPolicies;
    private final VirtualServices virtualServices;
    private final DestinationRules destinationRules;
    private final Telemetries telemetry;

    WaypointTranslation(
            PolicyTranslator policies,
            GatewayApiMode mode,
            KubeObjects objects,
            Report report,
            MeshConfig mesh,
            ServiceRegistry registry,
            GatewayRef ref,
            Clusters clusters,
            Map<KubeObject, GatewayRoute> known) {
        this.policies = policies;
        this.objects = objects;
        this.mesh = mesh;
        this.registry = registry;
        this.ref = ref;
        this.gateway = info(objects, ref, mesh, report);
        this.clusters = clusters;
        this.report = report;
        Targets targets = new Targets(registry, ref, foreign.named());
        this.routes = new GatewayRoutes(objects, new GatewayRouteReader(mode), known);
        BackendResolver backends = new BackendResolver(targets, new ReferenceGrants(objects, report), mode);
        this.destinationRules = new DestinationRules(objects, report, ref, mesh, registry);
        RouteAssembly assembly = new RouteAssembly(backends, destinationRules, mesh.defaultRetry());
        this.httpRoutes = new HttpRoutes(routes, shadows, ref, mode, assembly);
        this.tcpRoutes = new TcpRoutes(routes, ref, mode, backends, destinationRules);
        this.routeChecks = new RouteChecks(routes, registry, ref, mode, backends);
        this.backendPolicies = new BackendPolicies(objects, report, registry);
        this.virtualServices = new VirtualServices(objects, report, ref, targets, destinationRules, mesh);
        this.telemetry = new Telemetries(objects, report, mesh, gateway);
    }

    Dispatch all(Workloads workloads) {
        List<Dispatch.Service> services = new ArrayList<>();
        Set<Cidr> taken = new HashSet<>();
        for (ServiceModel s : registry.all()) {
            if (!serves(s)) {
                continue;
            }
            Map<Integer, PortDispatch> ports = service(s);
            // Two hosts on one address: the first has it (recorded from istiod).
            List<Cidr> own = s.addresses().stream().filter(taken::add).toList();
            if (!own.isEmpty()) {
                services.add(new Dispatch.Service(s.host(), own, ports));
            }
        }
        routeChecks.checkAll();
        foreign.takeRest();
        virtualServices.reportUnused();
        foreign.all().forEach(this::addOutboundCluster);
        return new Dispatch(services, attached(workloads), direct());
    }

    /** Addresses of the workloads that this waypoint stands before. */
    List<Cidr> attached(Workloads workloads) {
        List<Cidr> out = new ArrayList<>();
        for (PodModel p : registry.pods()) {
            if (workloads.attachedTo(p).filter(ref::equals).isPresent()) {
                p.addresses().forEach(a -> Cidr.parse(a).ifPresent(out::add));
            }
        }
        return out;
    }

    GatewayRef ref() {
        return ref;
    }

    private Map<Integer, PortDispatch> service(ServiceModel s) {
        destinationRules.readBy(s);
        Map<Integer, PortDispatch> ports = report.in(part(s), () -> parts(s));
        foreign.take(s);
        return ports;
    }

    /** The part of the report that is about a service; its chains have parts of their own. */
    private static String part(ServiceModel s) {
        return "service " + s.host();
    }

    private static String part(String chain) {
        return "chain " + chain;
    }

    /** Translates a service anew; false when others would have to change with it. */
    boolean renew(ServiceModel s) {
        clusters.forget(s.host());
        report.again(part(s));
        report.again("logs " + s.host());
        renewChains(s);
        destinationRules.readBy(s);
        report.in(part(s), () -> parts(s));
        return foreign.take(s);
    }

    private void renewChains(ServiceModel s) {
        for (Port p : s.ports()) {
            report.again(part(Targets.chain(p.number(), true, s.host())));
            report.again(part(Targets.chain(p.number(), false, s.host())));
        }
    }

    /** Who may, on the chains of one service. */
    private record Who(PolicySet http, PolicySet tcp) {}

    private Who who(ServiceInfo s) {
        return new Who(
                FailClosed.guard(policies.forHttp(objects, s, gateway), objects, s, gateway),
                policies.forTcp(objects, s, gateway));
    }

    private TelemetrySettings logs(ServiceInfo s) {
        return report.in("logs " + s.hostname(), () -> telemetry.of(s));
    }

    private Map<Integer, PortDispatch> parts(ServiceModel s) {
        Map<Integer, PortDispatch> ports = new HashMap<>();
        TelemetrySettings logs = logs(s.info());
        Who who = who(s.info());
        for (Port p : s.ports()) {
            if (p.protocol() == PortProtocol.UDP) {
                continue;
            }
            String h = Targets.chain(p.number(), true, s.host());
            String t = Targets.chain(p.number(), false, s.host());
            if (p.protocol().speaksHttp()) {
                http.put(h, httpChain(h, s, p, who.http(), logs));
                addClusters(s, p, true, h);
            }
            if (p.protocol().speaksTcp()) {
                tcp.put(t, tcpChain(t, s, p, who.tcp(), logs));
                addClusters(s, p, false, t);
            }
            ports.put(
                    p.number(),
                    p.protocol() == PortProtocol.AUTO
                            ? new PortDispatch.Detect(h, t)
                            : p.protocol().speaksHttp() ? new PortDispatch.Http(h) : new PortDispatch.Tcp(t));
        }
        return ports;
    }

    private void addClusters(ServiceModel s, Port p, boolean asHttp, String name) {
        clusters.add(s, p, asHttp, name, backendPolicies.over(destinationRules.policy(s, p.number()), s, p), "");
        destinationRules
                .subsets(s, p.number())
                .forEach((subset, policy) -> clusters.add(
                        s,
                        p,
                        asHttp,
                        Targets.cluster(p.number(), asHttp, subset, s.host()),
                        backendPolicies.over(policy, s, p),
                        subset));
    }

    /** @param consumers tables of namespaces that have their own */
    private record Routes(RouteTable table, Map<String, RouteTable> consumers) {}

    private Routes routes(String name, ServiceModel s, Port p) {
        return report.in(part(name), () -> ownRoutes(name, s, p));
    }

    private Routes ownRoutes(String name, ServiceModel s, Port p) {
        shadows.begin(name);
        HttpRoutes.ServiceRoutes own = httpRoutes.of(s, p);
        List<RouteList> lists = new ArrayList<>(own.lists());
        lists.addAll(virtualServices.http(s, p));
        List<RouteRule> rules = RouteList.join(lists);
        shadows.examine(rules);
        Map<String, RouteTable> consumers = new TreeMap<>();
        own.consumers()
                .forEach((namespace, of) ->
                        consumers.put(namespace, new RouteTable(name, List.of("*"), RouteList.join(of))));
        if (rules.isEmpty()) {
            rules.add(defaultRoute(name, s.host(), p.number(), destinationRules.hash(s.host())));
        }
        return new Routes(new RouteTable(name, domains(s), rules), consumers);
    }

    private HttpChain httpChain(String name, ServiceModel s, Port p, PolicySet policy, TelemetrySettings logs) {
        Routes r = routes(name, s, p);
        return new HttpChain(
                name,
                s.host(),
                p.number(),
                r.table(),
                policy,
                new HttpSettings(mesh.normalization(), "istio-envoy", p.protocol() == PortProtocol.GRPC_WEB),
                logs,
                r.consumers());
    }

    /** Translates the routes of a service anew and nothing else of it; false when others would have to change, too. */
    boolean renewRoutes(ServiceModel s) {
        destinationRules.readBy(s);
        renewChains(s);
        for (Port p : s.ports()) {
            HttpChain h = http.get(Targets.chain(p.number(), true, s.host()));
            if (h != null) {
                Routes r = routes(h.name(), s, p);
                http.put(
                        h.name(),
                        new HttpChain(
                                h.name(),
                                h.host(),
                                h.port(),
                                r.table(),
                                h.policies(),
                                h.http(),
                                h.telemetry(),
                                r.consumers()));
            }
            TcpChain t = tcp.get(Targets.chain(p.number(), false, s.host()));
            if (t != null) {
                tcp.put(t.name(), tcpChain(t.name(), s, p, t.policies(), t.telemetry()));
            }
        }
        return foreign.take(s);
    }

    /** Translates the clusters of a service anew and nothing else of it. */
    void renewClusters(ServiceModel s) {
        destinationRules.readBy(s);
        if (serves(s)) {
            report.in(part(s), () -> ownClusters(s));
        }
        addOutbound(s.host());
    }

    private void ownClusters(ServiceModel s) {
        for (Port p : s.ports()) {
            if (p.protocol() != PortProtocol.UDP && p.protocol().speaksHttp()) {
                addClusters(s, p, true, Targets.chain(p.number(), true, s.host()));
            }
            if (p.protocol() != PortProtocol.UDP && p.protocol().speaksTcp()) {
                addClusters(s, p, false, Targets.chain(p.number(), false, s.host()));
            }
        }
    }

    boolean serves(ServiceModel s) {
        return s.ownedBy(ref) && s.visibleTo(ref.namespace());
    }

    /** Whether a route names services that others serve: they have clusters only as long as somebody names them. */
    boolean namesForeign(GatewayRoute route) {
        return RouteChecks.references(route).stream()
                .map(b -> registry.byHost(b.host()))
                .anyMatch(s -> s.isPresent() && !s.get().ownedBy(ref));
    }

    /** The services behind this waypoint that a route names as parents. */
    List<ServiceModel> parentsOf(GatewayRoute route) {
        List<ServiceModel> out = new ArrayList<>();
        for (ParentRef p : route.parents()) {
            for (ServiceModel s : registry.byParent(p.key())) {
                if (serves(s)) {
                    out.add(s);
                }
            }
        }
        return out;
    }

    /** Forgets an object that is gone, or this version of it. */
    void remove(KubeObject o) {
        report.forget(o);
        switch (o.kind()) {
            case "VirtualService" -> virtualServices.remove(o);
            case "DestinationRule" -> destinationRules.remove(o);
            case Telemetries.KIND -> telemetry.remove(o);
            default -> {}
        }
    }

    /** Takes in an object; what it reaches is translated apart. */
    void put(KubeObject o) {
        switch (o.kind()) {
            case "VirtualService" -> virtualServices.put(o);
            case "DestinationRule" -> destinationRules.put(o);
            default -> {}
        }
    }

    DestinationRules destinationRules() {
        return destinationRules;
    }

    Foreign foreign() {
        return foreign;
    }

    GatewayRoutes gatewayRoutes() {
        return routes;
    }

    RouteChecks routeChecks() {
        return routeChecks;
    }

    BackendPolicies backendPolicies() {
        return backendPolicies;
    }

    Telemetries telemetry() {
        return telemetry;
    }

    Map<String, HttpChain> http() {
        return http;
    }

    Map<String, TcpChain> tcp() {
        return tcp;
    }

    /** What there is to say about routes; changes when they are translated anew. */
    List<Finding> routeFindings() {
        List<Finding> out = new ArrayList<>(routeChecks.findings());
        out.addAll(shadows.findings());
        return out;
    }

    /** Behind a wildcard host with names of its own only those are served (recorded from istiod). */
    private static List<String> domains(ServiceModel s) {
        return List.of(s.resolution() == ServiceModel.Resolution.DYNAMIC_DNS ? s.host() : "*");
    }

    private RouteRule defaultRoute(String cluster, String host, int port, List<RouteAction.HashPolicy> hash) {
        return RouteRule.of(
                "default",
                RouteMatch.ANY,
                new RouteAction.Forward(
                        List.of(new Backend(cluster, 1)),
                        false,
                        503,
                        Optional.empty(),
                        Timeouts.NONE,
                        mesh.defaultRetry(),
                        List.of(),
                        hash),
                Targets.operation(host, port, PathMatch.ANY),
                SourceRef.DEFAULT);
    }

    private TcpChain tcpChain(String name, ServiceModel s, Port p, PolicySet policy, TelemetrySettings logs) {
        return report.in(part(name), () -> ownTcpChain(name, s, p, policy, logs));
    }

    private TcpChain ownTcpChain(String name, ServiceModel s, Port p, PolicySet policy, TelemetrySettings logs) {
        List<TcpRouteList> lists = new ArrayList<>(tcpRoutes.of(s, p));
        lists.addAll(virtualServices.tcp(s, p));
        DestinationRules.TcpSettings own = destinationRules.tcp(s.host(), "");
        TcpRouteList.Route route = lists.stream()
                .min(TcpRouteList.ORDER)
                .map(TcpRouteList::route)
                .orElse(new TcpRouteList.Route(
                        List.of(new TcpChain.Backend(name, 1)),
                        own.idleTimeoutMillis(),
                        own.maxDurationMillis(),
                        own.hashSourceIp()));
        return new TcpChain(
                name,
                s.host(),
                p.number(),
                route.backends(),
                policy,
                logs,
                route.idleTimeoutMillis(),
                route.maxDurationMillis(),
                tcpRoutes.sni(s, p),
                route.hashSourceIp());
    }

    /** Decides anew who may use a service, and nothing else of it. */
    void renewPolicies(ServiceModel s) {
        Who who = who(s.info());
        for (Port p : s.ports()) {
            http.computeIfPresent(
                    Targets.chain(p.number(), true, s.host()),
                    (name, h) -> h.policies().equals(who.http()) ? h : h.withPolicies(who.http()));
            tcp.computeIfPresent(
                    Targets.chain(p.number(), false, s.host()),
                    (name, t) -> t.policies().equals(who.tcp()) ? t : t.withPolicies(who.tcp()));
        }
    }

    /** Decides anew what a service logs, and nothing else of it. */
    void renewLogs(ServiceModel s) {
        report.again("logs " + s.host());
        TelemetrySettings logs = logs(s.info());
        for (Port p : s.ports()) {
            http.computeIfPresent(
                    Targets.chain(p.number(), true, s.host()),
                    (name, h) -> h.telemetry().equals(logs) ? h : h.withTelemetry(logs));
            tcp.computeIfPresent(
                    Targets.chain(p.number(), false, s.host()),
                    (name, t) -> t.telemetry().equals(logs) ? t : t.withTelemetry(logs));
        }
    }

    /** Traffic that is addressed to workloads, anew. */
    void renewDirect() {
        report.again("logs ");
        direct();
    }

    private Dispatch.Direct direct() {
        Dispatch.Direct names = Dispatch.Direct.NONE;
        TelemetrySettings logs = logs(ServiceInfo.DIRECT);
        Who who = who(ServiceInfo.DIRECT);
        clusters.addDirect();
        http.put(
                names.httpChain(),
                new HttpChain(
                        names.httpChain(),
                        "",
                        0,
                        new RouteTable(
                                Targets.ENCAP, List.of("*"), List.of(defaultRoute(Targets.ENCAP, "", 0, List.of()))),
                        who.http(),
                        new HttpSettings(mesh.normalization(), "istio-envoy", false),
                        logs));
        tcp.put(
                names.tcpChain(),
                new TcpChain(
                        names.tcpChain(),
                        "",
                        0,
                        List.of(new TcpChain.Backend(Targets.ENCAP, 1)),
                        who.tcp(),
                        logs,
                        0,
                        0));
        return names;
    }

    private void addOutbound(String host) {
        foreign.of(host).forEach(this::addOutboundCluster);
    }

    /** The cluster of a service that a route names but that has no or another waypoint. */
    private void addOutboundCluster(String name) {
        String[] parts = name.split("\\|", -1);
        int number = Integer.parseInt(parts[1]);
        registry.byHost(parts[3])
                .ifPresent(s -> s.port(number).ifPresent(p -> {
                    boolean asHttp = p.protocol().speaksHttp();
                    DestinationPolicy policy = parts[2].isEmpty()
                            ? destinationRules.policy(s, number)
                            : destinationRules.subsets(s, number).get(parts[2]);
                    if (policy != null) {
                        clusters.add(s, p, asHttp, name, backendPolicies.over(policy, s, p), parts[2]);
                    }
                }));
    }

    private static GatewayInfo info(KubeObjects objects, GatewayRef ref, MeshConfig mesh, Report report) {
        Optional<KubeObject> g = objects.find("Gateway", ref.namespace(), ref.name());
        if (g.isEmpty()) {
            report.add(Finding.error(
                    new SourceRef("Gateway", ref.namespace(), ref.name(), ""),
                    "does not exist, so this waypoint would serve nothing: create the Gateway or start with another "
                            + "--gateway"));
        }
        Map<String, String> labels = new HashMap<>(g.map(KubeObject::labels).orElse(Map.of()));
        labels.put(Pods.GATEWAY_NAME, ref.name());
        return new GatewayInfo(
                ref.namespace(),
                ref.name(),
                g.map(o -> o.spec().path("gatewayClassName").asText("")).orElse(""),
                labels,
                mesh.settings());
    }
}
