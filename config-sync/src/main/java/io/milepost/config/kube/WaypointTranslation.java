package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Dispatch.PortDispatch;
import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one waypoint serves, translated service by service: nothing of one service flows into another except the clusters
 * of foreign services, so that one can be translated anew while the others stay. What becomes of a service is at home in
 * {@link HttpChains}, {@link TcpChains}, {@link ServiceClusters} and {@link ChainPolicies}. Not thread-safe.
 */
final class WaypointTranslation {
    private final ServiceRegistry registry;
    private final GatewayRef ref;
    private final Foreign foreign = new Foreign();
    private final Report report;
    private final Shadows shadows = new Shadows();
    private final GatewayRoutes routes;
    private final RouteChecks routeChecks;
    private final BackendPolicies backendPolicies;
    private final VirtualServices virtualServices;
    private final DestinationRules destinationRules;
    private final Telemetries telemetry;
    private final ChainPolicies policies;
    private final HttpChains http;
    private final TcpChains tcp;
    private final ServiceClusters clusters;

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
        this.registry = registry;
        this.ref = ref;
        this.report = report;
        GatewayInfo gateway = GatewayInfo.of(objects, ref, mesh, report);
        Targets targets = new Targets(registry, ref, foreign.named());
        this.routes = new GatewayRoutes(objects, new GatewayRouteReader(mode), known);
        BackendResolver backends = new BackendResolver(targets, new ReferenceGrants(objects, report), mode);
        this.destinationRules = new DestinationRules(objects, report, ref, mesh, registry);
        this.routeChecks = new RouteChecks(routes, registry, ref, mode, backends);
        this.backendPolicies = new BackendPolicies(objects, report, registry);
        this.virtualServices = new VirtualServices(objects, report, ref, targets, destinationRules, mesh);
        this.telemetry = new Telemetries(objects, report, mesh, gateway);
        this.policies = new ChainPolicies(policies, objects, gateway, telemetry, report);
        RouteAssembly.Context context = new RouteAssembly.Context(backends, destinationRules, mesh.defaultRetry());
        this.http = new HttpChains(
                report,
                mesh,
                new HttpRoutes(routes, shadows, ref, mode, context),
                virtualServices,
                destinationRules,
                shadows);
        this.tcp = new TcpChains(
                report,
                new TcpRoutes(routes, ref, mode, backends, destinationRules),
                virtualServices,
                destinationRules);
        this.clusters = new ServiceClusters(clusters, registry, destinationRules, backendPolicies);
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
        foreign.all().forEach(clusters::addOutbound);
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

    private Map<Integer, PortDispatch> parts(ServiceModel s) {
        Map<Integer, PortDispatch> ports = new HashMap<>();
        TelemetrySettings logs = policies.logs(s.info());
        ChainPolicies.Who who = policies.who(s.info());
        for (Port p : s.ports()) {
            if (p.protocol() == PortProtocol.UDP) {
                continue;
            }
            String h = Targets.chain(p.number(), true, s.host());
            String t = Targets.chain(p.number(), false, s.host());
            if (p.protocol().speaksHttp()) {
                http.put(h, s, p, who.http(), logs);
                clusters.add(s, p, true, h);
            }
            if (p.protocol().speaksTcp()) {
                tcp.put(t, s, p, who.tcp(), logs);
                clusters.add(s, p, false, t);
            }
            ports.put(
                    p.number(),
                    p.protocol() == PortProtocol.AUTO
                            ? new PortDispatch.Detect(h, t)
                            : p.protocol().speaksHttp() ? new PortDispatch.Http(h) : new PortDispatch.Tcp(t));
        }
        return ports;
    }

    /** Translates a service anew; false when others would have to change with it. */
    boolean renew(ServiceModel s) {
        clusters.forget(s.host());
        report.again(part(s));
        policies.logsAgain(s.info());
        chainsAgain(s);
        destinationRules.readBy(s);
        report.in(part(s), () -> parts(s));
        return foreign.take(s);
    }

    private void chainsAgain(ServiceModel s) {
        for (Port p : s.ports()) {
            report.again(HttpChains.part(Targets.chain(p.number(), true, s.host())));
            report.again(HttpChains.part(Targets.chain(p.number(), false, s.host())));
        }
    }

    /** Translates the routes of a service anew and nothing else of it; false when others would have to change, too. */
    boolean renewRoutes(ServiceModel s) {
        destinationRules.readBy(s);
        chainsAgain(s);
        for (Port p : s.ports()) {
            http.renewRoutes(s, p);
            tcp.renewRoutes(s, p);
        }
        return foreign.take(s);
    }

    /** Translates the clusters of a service anew and nothing else of it. */
    void renewClusters(ServiceModel s) {
        destinationRules.readBy(s);
        if (serves(s)) {
            report.in(part(s), () -> clusters.addAll(s));
        }
        foreign.of(s.host()).forEach(clusters::addOutbound);
    }

    /** Decides anew who may use some services, and nothing else of them. */
    void renewPolicies(List<ServiceModel> services) {
        policies.whoAgain();
        services.forEach(this::renewPolicies);
    }

    /** Only chains that the port has: those of its other protocols may be of another service with this host. */
    private void renewPolicies(ServiceModel s) {
        ChainPolicies.Who who = policies.who(s.info());
        for (Port p : s.ports()) {
            if (p.protocol().speaksHttp()) {
                http.renewPolicies(Targets.chain(p.number(), true, s.host()), who.http());
            }
            if (p.protocol().speaksTcp()) {
                tcp.renewPolicies(Targets.chain(p.number(), false, s.host()), who.tcp());
            }
        }
    }

    /** Decides anew what some services log, and nothing else of them. */
    void renewLogs(List<ServiceModel> services) {
        services.forEach(s -> policies.logsAgain(s.info()));
        services.forEach(this::renewLogs);
    }

    private void renewLogs(ServiceModel s) {
        TelemetrySettings logs = policies.logs(s.info());
        for (Port p : s.ports()) {
            if (p.protocol().speaksHttp()) {
                http.renewLogs(Targets.chain(p.number(), true, s.host()), logs);
            }
            if (p.protocol().speaksTcp()) {
                tcp.renewLogs(Targets.chain(p.number(), false, s.host()), logs);
            }
        }
    }

    /** Traffic that is addressed to workloads, anew. */
    void renewDirect() {
        policies.logsAgain(ServiceInfo.DIRECT);
        direct();
    }

    private Dispatch.Direct direct() {
        Dispatch.Direct names = Dispatch.Direct.NONE;
        TelemetrySettings logs = policies.logs(ServiceInfo.DIRECT);
        ChainPolicies.Who who = policies.who(ServiceInfo.DIRECT);
        clusters.addDirect();
        http.putDirect(names.httpChain(), who.http(), logs);
        tcp.putDirect(names.tcpChain(), who.tcp(), logs);
        return names;
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

    HttpChains http() {
        return http;
    }

    TcpChains tcp() {
        return tcp;
    }

    /** What there is to say about routes; changes when they are translated anew. */
    List<Finding> routeFindings() {
        List<Finding> out = new ArrayList<>(routeChecks.findings());
        out.addAll(shadows.findings());
        return out;
    }
}
