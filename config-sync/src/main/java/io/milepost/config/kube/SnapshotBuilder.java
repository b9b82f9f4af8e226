package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Dispatch.PortDispatch;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.HttpSettings;
import io.milepost.mesh.MeshSnapshot;
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
import io.milepost.mesh.WorkloadIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Translates objects into a snapshot. Pure: equal objects give equal snapshots, whatever order the files had.
 *
 * <p>Services are translated one by one ({@link Run#service}); nothing of one flows into another except the set of
 * clusters of foreign services, so that the result for a service can be kept while its objects stay the same.
 */
public final class SnapshotBuilder {
    private final PolicyTranslator policies;
    private final GatewayApiMode mode;
    private final String selfAddress;

    public SnapshotBuilder(PolicyTranslator policies) {
        this(policies, GatewayApiMode.ISTIO);
    }

    public SnapshotBuilder(PolicyTranslator policies, GatewayApiMode mode) {
        this(policies, mode, "");
    }

    /** @param selfAddress of the waypoint's own pod, which tells its locality; empty takes any pod of the waypoint */
    public SnapshotBuilder(PolicyTranslator policies, GatewayApiMode mode, String selfAddress) {
        this.policies = policies;
        this.mode = mode;
        this.selfAddress = selfAddress;
    }

    /** @param findings errors mean that the snapshot must not be used */
    public record Result(MeshSnapshot snapshot, List<Finding> findings) {
        public Result {
            findings = List.copyOf(findings);
        }

        /** Together with what was found while reading. */
        public Result with(List<Finding> earlier) {
            List<Finding> all = new ArrayList<>(earlier);
            all.addAll(findings);
            return new Result(snapshot, all);
        }

        public List<Finding> errors() {
            return findings.stream()
                    .filter(f -> f.severity() == Finding.Severity.ERROR)
                    .toList();
        }
    }

    /** @param waypoint empty for a ztunnel, which needs services, workloads and L4 policies only */
    public Result build(KubeObjects objects, Optional<GatewayRef> waypoint) {
        return build(objects, waypoint, new Report());
    }

    Result build(KubeObjects objects, Optional<GatewayRef> waypoint, Report report) {
        return translate(objects, waypoint, report).result();
    }

    /**
     * A translation with all that can be said about its input.
     *
     * @param statuses conditions as a controller would write them
     */
    public record Analyzed(Result result, List<ObjectStatus> statuses) {
        public Analyzed {
            statuses = List.copyOf(statuses);
        }
    }

    /** Costs more than {@link #build}; the snapshot is the same. */
    public Analyzed analyze(KubeObjects objects, GatewayRef waypoint) {
        Report report = new Report();
        Translation t = translate(objects, Optional.of(waypoint), report);
        List<ObjectStatus> statuses = new ArrayList<>();
        t.run().ifPresent(run -> {
            statuses.addAll(run.routeChecks.statuses());
            statuses.addAll(run.backendPolicies.statuses());
            AttachmentChecks checks = new AttachmentChecks(objects, run.registry, run.mesh);
            checks.run();
            statuses.addAll(checks.statuses());
            checks.findings().forEach(report::add);
        });
        return new Analyzed(new Result(t.result().snapshot(), report.findings()), statuses);
    }

    /** Whether a Gateway is a waypoint, and not an ingress. */
    public static boolean isWaypoint(KubeObject gateway) {
        return Waypoints.isWaypoint(gateway);
    }

    private record Translation(Result result, Optional<Run> run) {}

    private Translation translate(KubeObjects objects, Optional<GatewayRef> waypoint, Report report) {
        MeshConfig mesh = MeshConfig.of(objects, report);
        ServiceRegistry registry = ServiceRegistry.of(objects, report);
        Workloads workloads = new Workloads(objects, registry, mesh, policies, report);
        Map<String, HttpChain> http = new TreeMap<>();
        Map<String, TcpChain> tcp = new TreeMap<>();
        Dispatch dispatch = MeshSnapshot.EMPTY.dispatch();
        Clusters clusters = new Clusters(
                mesh,
                registry,
                waypoint.map(w -> registry.placeOf(w, selfAddress)).orElse(Place.UNKNOWN));
        TelemetrySettings refused = TelemetrySettings.NONE;
        Optional<Run> translated = Optional.empty();
        if (waypoint.isPresent()) {
            Run run = new Run(objects, report, mesh, registry, waypoint.get(), clusters, http, tcp);
            dispatch = run.all(workloads);
            refused = run.telemetry.refused();
            translated = Optional.of(run);
        }
        policies.findings(objects, mesh.settings()).forEach(report::add);
        Coverage.report(objects, report);
        report.reportUnread();
        MeshSnapshot snapshot = new MeshSnapshot(
                0,
                dispatch,
                Map.copyOf(http),
                Map.copyOf(tcp),
                Map.copyOf(clusters.clusters()),
                Map.copyOf(clusters.endpoints()),
                new WorkloadIndex(workloads.workloads()),
                workloads.services(),
                policies.l4(objects, mesh.settings()),
                mesh.settings(),
                refused);
        return new Translation(new Result(snapshot, report.findings()), translated);
    }

    /** One translation for one waypoint. */
    private final class Run {
        private final KubeObjects objects;
        private final Report report;
        private final MeshConfig mesh;
        private final ServiceRegistry registry;
        private final GatewayRef ref;
        private final GatewayInfo gateway;
        private final Clusters clusters;
        private final Map<String, HttpChain> http;
        private final Map<String, TcpChain> tcp;
        private final Set<String> outbound = new TreeSet<>();
        private final Shadows shadows = new Shadows();
        private final HttpRoutes httpRoutes;
        private final TcpRoutes tcpRoutes;
        private final RouteChecks routeChecks;
        private final BackendPolicies backendPolicies;
        private final VirtualServices virtualServices;
        private final DestinationRules destinationRules;
        private final Telemetries telemetry;

        Run(
                KubeObjects objects,
                Report report,
                MeshConfig mesh,
                ServiceRegistry registry,
                GatewayRef ref,
                Clusters clusters,
                Map<String, HttpChain> http,
                Map<String, TcpChain> tcp) {
            this.objects = objects;
            this.report = report;
            this.mesh = mesh;
            this.registry = registry;
            this.ref = ref;
            this.gateway = info(objects, ref, mesh, report);
            this.clusters = clusters;
            this.http = http;
            this.tcp = tcp;
            Targets targets = new Targets(registry, ref, outbound);
            GatewayRoutes routes = new GatewayRoutes(objects, new GatewayRouteReader(mode), new IdentityHashMap<>());
            BackendResolver backends = new BackendResolver(targets, new ReferenceGrants(objects, report), mode);
            this.httpRoutes = new HttpRoutes(routes, shadows, ref, mode, backends);
            this.tcpRoutes = new TcpRoutes(routes, ref, mode, backends);
            this.routeChecks = new RouteChecks(routes, registry, ref, mode, backends);
            this.backendPolicies = new BackendPolicies(objects, report, registry);
            this.destinationRules = new DestinationRules(objects, report, ref, mesh, registry);
            this.virtualServices = new VirtualServices(objects, report, ref, targets, destinationRules, mesh);
            this.telemetry = new Telemetries(objects, report, mesh, gateway);
        }

        Dispatch all(Workloads workloads) {
            List<Dispatch.Service> services = new ArrayList<>();
            Set<Cidr> taken = new HashSet<>();
            for (ServiceModel s : registry.all()) {
                if (!s.ownedBy(ref) || !s.visibleTo(ref.namespace())) {
                    continue;
                }
                Map<Integer, PortDispatch> ports = service(s);
                // Two hosts on one address: the first has it (recorded from istiod).
                List<Cidr> own = s.addresses().stream().filter(taken::add).toList();
                if (!own.isEmpty()) {
                    services.add(new Dispatch.Service(s.host(), own, ports));
                }
            }
            routeChecks.report(report);
            shadows.report(report);
            virtualServices.reportUnused();
            addOutbound();
            List<Cidr> attached = new ArrayList<>();
            for (PodModel p : registry.pods()) {
                if (workloads.attachedTo(p).filter(ref::equals).isPresent()) {
                    p.addresses().forEach(a -> Cidr.parse(a).ifPresent(attached::add));
                }
            }
            return new Dispatch(services, attached, direct());
        }

        private Map<Integer, PortDispatch> service(ServiceModel s) {
            Map<Integer, PortDispatch> ports = new HashMap<>();
            TelemetrySettings logs = telemetry.of(s.info());
            for (Port p : s.ports()) {
                if (p.protocol() == PortProtocol.UDP) {
                    continue;
                }
                String h = Targets.chain(p.number(), true, s.host());
                String t = Targets.chain(p.number(), false, s.host());
                if (p.protocol().speaksHttp()) {
                    http.put(h, httpChain(h, s, p, logs));
                    addClusters(s, p, true, h);
                }
                if (p.protocol().speaksTcp()) {
                    tcp.put(t, tcpChain(t, s, p, logs));
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

        private HttpChain httpChain(String name, ServiceModel s, Port p, TelemetrySettings logs) {
            HttpRoutes.ServiceRoutes routes = httpRoutes.of(s, p);
            List<RouteList> lists = new ArrayList<>(routes.lists());
            lists.addAll(virtualServices.http(s, p));
            List<RouteRule> rules = RouteList.join(lists);
            shadows.examine(rules);
            Map<String, RouteTable> consumers = new TreeMap<>();
            routes.consumers()
                    .forEach((namespace, own) ->
                            consumers.put(namespace, new RouteTable(name, List.of("*"), RouteList.join(own))));
            if (rules.isEmpty()) {
                rules.add(defaultRoute(name, s.host(), p.number(), destinationRules.hash(s.host())));
            }
            return new HttpChain(
                    name,
                    s.host(),
                    p.number(),
                    new RouteTable(name, domains(s), rules),
                    FailClosed.guard(policies.forHttp(objects, s.info(), gateway), objects, s.info(), gateway),
                    new HttpSettings(mesh.normalization(), "istio-envoy", p.protocol() == PortProtocol.GRPC_WEB),
                    logs,
                    consumers);
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

        private TcpChain tcpChain(String name, ServiceModel s, Port p, TelemetrySettings logs) {
            PolicySet policy = policies.forTcp(objects, s.info(), gateway);
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

        private Dispatch.Direct direct() {
            Dispatch.Direct names = Dispatch.Direct.NONE;
            TelemetrySettings logs = telemetry.of(ServiceInfo.DIRECT);
            clusters.addDirect();
            http.put(
                    names.httpChain(),
                    new HttpChain(
                            names.httpChain(),
                            "",
                            0,
                            new RouteTable(
                                    Targets.ENCAP,
                                    List.of("*"),
                                    List.of(defaultRoute(Targets.ENCAP, "", 0, List.of()))),
                            FailClosed.guard(
                                    policies.forHttp(objects, ServiceInfo.DIRECT, gateway),
                                    objects,
                                    ServiceInfo.DIRECT,
                                    gateway),
                            new HttpSettings(mesh.normalization(), "istio-envoy", false),
                            logs));
            tcp.put(
                    names.tcpChain(),
                    new TcpChain(
                            names.tcpChain(),
                            "",
                            0,
                            List.of(new TcpChain.Backend(Targets.ENCAP, 1)),
                            policies.forTcp(objects, ServiceInfo.DIRECT, gateway),
                            logs,
                            0,
                            0));
            return names;
        }

        /** Clusters of services that a route names but that have no or another waypoint. */
        private void addOutbound() {
            for (String name : List.copyOf(outbound)) {
                String[] parts = name.split("\\|", -1);
                int number = Integer.parseInt(parts[1]);
                registry.byHost(parts[3])
                        .ifPresent(s -> s.port(number).ifPresent(p -> {
                            boolean asHttp = p.protocol().speaksHttp();
                            DestinationPolicy policy = parts[2].isEmpty()
                                    ? destinationRules.policy(s, number)
                                    : destinationRules.subsets(s, number).get(parts[2]);
                            if (policy != null) {
                                clusters.add(s, p, asHttp, name, policy, parts[2]);
                            }
                        }));
            }
        }
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
