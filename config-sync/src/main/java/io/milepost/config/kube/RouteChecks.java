package io.milepost.config.kube;

import io.milepost.config.kube.ObjectStatus.Condition;
import io.milepost.config.kube.ObjectStatus.Parent;
import io.milepost.config.kube.ParentRef.ServiceKey;
import io.milepost.config.kube.ServiceModel.Port;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What there is to say about routes beside their parents, backends and grants: findings and conditions. */
@SuppressWarnings("IdentityHashMapUsage") // a route is read once
final class RouteChecks {
    private final GatewayRoutes routes;
    /** A ServiceEntry counts with its first host. */
    private final Map<ServiceKey, ServiceModel> services = new HashMap<>();

    private final Map<GatewayRoute, List<Finding>> findings = new IdentityHashMap<>();

    private final GatewayRef waypoint;
    private final GatewayApiMode mode;
    private final BackendResolver backends;

    RouteChecks(
            GatewayRoutes routes,
            ServiceRegistry registry,
            GatewayRef waypoint,
            GatewayApiMode mode,
            BackendResolver backends) {
        this.routes = routes;
        registry.all().forEach(s -> services.putIfAbsent(ServiceKey.of(s.info()), s));
        this.waypoint = waypoint;
        this.mode = mode;
        this.backends = backends;
    }

    void checkAll() {
        routes.all().forEach(this::check);
    }

    /** Findings of all routes that were checked and not forgotten. */
    List<Finding> findings() {
        List<Finding> out = new ArrayList<>();
        findings.values().forEach(out::addAll);
        return out;
    }

    void forget(GatewayRoute route) {
        findings.remove(route);
    }

    void check(GatewayRoute route) {
        List<Finding> out = new ArrayList<>(route.findings());
        KubeObject o = route.object();
        for (ParentRef p : route.parents()) {
            Optional<RouteProblem> problem = unbound(route, p);
            problem.ifPresent(x -> out.add(
                    x.reason().equals(ObjectStatus.NOT_A_WAYPOINT)
                            ? Finding.info(o.ref(x.field()), x.message())
                            : Finding.warning(o.ref(x.field()), x.message())));
            if (problem.isEmpty() && !p.sectionName().isEmpty() && !mode.strict()) {
                out.add(Finding.warning(
                        o.ref(p.field() + ".sectionName"),
                        "istiod does not look at it below a service, so the route is bound to all ports: use port"));
            }
        }
        Optional<RouteProblem> refusal = backends.refusal(route);
        if (refusal.isEmpty()) {
            for (BackendRef b : references(route)) {
                check(o, b, out);
            }
        } else if (route.refused().isEmpty()) {
            out.add(Finding.warning(
                    o.ref(refusal.get().field()),
                    refusal.get().message() + "; istiod drops a GRPCRoute whose mirror leads nowhere, so do we"));
        }
        if (!out.isEmpty()) {
            findings.put(route, out);
        }
    }

    private void check(KubeObject o, BackendRef b, List<Finding> out) {
        problem(b, o).ifPresent(x -> out.add(Finding.warning(o.ref(x.field()), x.message() + consequence(o, b))));
        if (backends.lacksGrant(b, o)) {
            out.add(Finding.warning(
                    o.ref(b.field() + ".namespace"),
                    "no ReferenceGrant in " + b.namespace() + " allows this reference; a waypoint follows it "
                            + "nevertheless, other implementations may not: create one"));
        }
    }

    private Optional<RouteProblem> problem(BackendRef b, KubeObject route) {
        return isMirror(b) ? backends.mirrorProblem(b, route) : backends.problem(b, route);
    }

    private static boolean isMirror(BackendRef b) {
        return b.field().contains("requestMirror");
    }

    private static String consequence(KubeObject route, BackendRef b) {
        if (isMirror(b)) {
            return "; requests are not copied";
        }
        boolean http = route.kind().equals("HTTPRoute") || route.kind().equals("GRPCRoute");
        return "; its share of the " + (http ? "requests gets 500" : "connections is refused")
                + (b.weight() == 1 ? "" : " (weight " + b.weight() + ")");
    }

    static List<BackendRef> references(GatewayRoute route) {
        List<BackendRef> out = new ArrayList<>();
        for (GatewayRule r : route.rules()) {
            out.addAll(r.backends());
            addMirrors(r.filters(), out);
            for (BackendRef b : r.backends()) {
                addMirrors(b.filters(), out);
            }
        }
        return out;
    }

    private static void addMirrors(HttpFilters filters, List<BackendRef> out) {
        for (HttpFilters.MirrorRef m : filters.mirrors()) {
            out.add(m.target());
        }
    }

    /** Why a route has no effect below a parent. */
    private Optional<RouteProblem> unbound(GatewayRoute route, ParentRef p) {
        if (!p.isService()) {
            return Optional.of(
                    p.kind().equals("Gateway")
                            ? RouteProblem.accepted(
                                    ObjectStatus.NOT_A_WAYPOINT,
                                    "a Gateway as parent is served by an ingress, not by a waypoint: name a Service "
                                            + "if a waypoint is meant",
                                    p.field() + ".kind")
                            : RouteProblem.accepted(
                                    "InvalidKind",
                                    "a " + p.kind() + " as parent is not supported: name a Service",
                                    p.field() + ".kind"));
        }
        Optional<ServiceModel> found = service(p);
        if (found.isEmpty()) {
            return Optional.of(RouteProblem.accepted(
                    "NoMatchingParent",
                    "there is no " + p.kind() + " " + p.namespace() + "/" + p.name()
                            + ": mend the name or the namespace",
                    p.field() + ".name"));
        }
        ServiceModel s = found.get();
        List<Port> ports =
                s.ports().stream().filter(x -> HttpRoutes.bound(p, x, mode)).toList();
        if (ports.isEmpty()) {
            return Optional.of(RouteProblem.accepted(
                    "NoMatchingParent",
                    s.host() + " has no "
                            + (p.port() != 0 ? "port " + p.port() : "port named " + p.sectionName())
                            + ": use one of "
                            + s.ports().stream()
                                    .map(x -> x.number() + (x.name().isEmpty() ? "" : " (" + x.name() + ")"))
                                    .toList(),
                    p.field() + (p.port() != 0 ? ".port" : ".sectionName")));
        }
        String namespace = route.object().namespace();
        boolean layer4 = route.object().kind().equals("TCPRoute")
                || route.object().kind().equals("TLSRoute");
        boolean counts = mode.strict() && !layer4
                || HttpRoutes.counts(namespace, s.info().namespace(), waypoint)
                        && (!mode.strict() || namespace.equals(s.info().namespace()));
        if (!counts) {
            return Optional.of(RouteProblem.accepted(
                    "NotAllowedByParent",
                    "a route in namespace " + namespace + " does not count for a service of "
                            + s.info().namespace() + ": create it in the service's namespace",
                    p.field() + ".namespace"));
        }
        return unfit(p, s, ports, layer4);
    }

    private static Optional<RouteProblem> unfit(ParentRef p, ServiceModel s, List<Port> ports, boolean layer4) {
        boolean fits = ports.stream()
                .anyMatch(x -> layer4 ? x.protocol().speaksTcp() : x.protocol().speaksHttp());
        if (!fits) {
            return Optional.of(RouteProblem.accepted(
                    "UnsupportedProtocol",
                    "no port of " + s.host() + " that it is bound to speaks "
                            + (layer4 ? "TCP" : "HTTP")
                            + ": set the port's appProtocol or bind another port",
                    p.field()));
        }
        return Optional.empty();
    }

    private Optional<ServiceModel> service(ParentRef p) {
        return Optional.ofNullable(services.get(p.key()));
    }

    List<ObjectStatus> statuses() {
        return routes.all().stream().map(this::status).toList();
    }

    /** One entry per parentRef. */
    private ObjectStatus status(GatewayRoute route) {
        List<Parent> parents = new ArrayList<>();
        for (ParentRef p : route.parents()) {
            String name = p.kind() + " " + p.namespace() + "/" + p.name() + (p.port() == 0 ? "" : " port " + p.port())
                    + (p.sectionName().isEmpty() ? "" : " section " + p.sectionName());
            List<Condition> conditions = new ArrayList<>();
            conditions.add(accepted(route, p));
            conditions.add(resolved(route));
            service(p).ifPresent(s -> conditions.add(bound(s)));
            parents.add(new Parent(name, conditions));
        }
        return new ObjectStatus(route.object().ref(), parents);
    }

    private Condition accepted(GatewayRoute route, ParentRef p) {
        Optional<RouteProblem> problem = unbound(route, p)
                .or(route::refused)
                .or(() -> route.rules().stream()
                        .flatMap(r -> r.broken().stream())
                        .filter(RouteProblem::concernsAcceptance)
                        .findFirst());
        return problem.map(x -> new Condition("Accepted", false, x.reason(), x.message()))
                .orElse(new Condition("Accepted", true, "Accepted", "the route was accepted"));
    }

    private Condition resolved(GatewayRoute route) {
        Optional<RouteProblem> own = backends.refusal(route).filter(x -> !x.concernsAcceptance());
        Optional<RouteProblem> problem = own.or(() -> references(route).stream()
                .flatMap(b -> problem(b, route.object()).stream())
                .findFirst());
        return problem.map(x -> new Condition("ResolvedRefs", false, x.reason(), x.message()))
                .orElse(new Condition("ResolvedRefs", true, "ResolvedRefs", "all references were resolved"));
    }

    private static Condition bound(ServiceModel s) {
        return s.waypoint()
                .map(w -> new Condition(
                        "ResolvedWaypoints", true, "ResolvedWaypoints", "the service is served by waypoint " + w))
                .orElse(new Condition(
                        "ResolvedWaypoints",
                        false,
                        "NoWaypoint",
                        "the service " + s.host() + " has no waypoint, so nobody applies the route: set the label "
                                + "istio.io/use-waypoint on it or on its namespace"));
    }
}
