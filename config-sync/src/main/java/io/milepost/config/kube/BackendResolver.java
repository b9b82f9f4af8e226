package io.milepost.config.kube;

import io.milepost.mesh.RouteAction.Mirror;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Turns backendRefs into clusters, and knows what is wrong with them. */
final class BackendResolver {
    private final Targets targets;
    private final ReferenceGrants grants;
    private final GatewayApiMode mode;

    BackendResolver(Targets targets, ReferenceGrants grants, GatewayApiMode mode) {
        this.targets = targets;
        this.grants = grants;
        this.mode = mode;
    }

    /** The cluster; one that does not exist when the backend cannot be reached, so that its share gets an error. */
    String cluster(BackendRef b, KubeObject route, boolean http) {
        String host = b.host();
        if (host.isEmpty()) {
            return "UnknownService";
        }
        if (mode.strict() && !grants.allow(route, b)) {
            return "RefNotPermitted|" + b.port() + "||" + host;
        }
        boolean known =
                targets.registry().byHost(host).flatMap(s -> s.port(b.port())).isPresent();
        // istiod gives the name of an HTTP cluster to a backend that it does not find, in TCP routes too.
        return targets.of(host, b.port(), "", http || !known);
    }

    /** Mirrors to something that does not exist are left out without harm. */
    List<Mirror> mirrors(HttpFilters filters, KubeObject route) {
        List<Mirror> out = new ArrayList<>();
        for (HttpFilters.MirrorRef m : filters.mirrors()) {
            if (m.perMillion() > 0 && mirrorProblem(m.target(), route).isEmpty()) {
                out.add(new Mirror(cluster(m.target(), route, true), m.perMillion()));
            }
        }
        return out;
    }

    /** A mirror has no share of the requests that could be answered 500, so one without port is told here. */
    Optional<RouteProblem> mirrorProblem(BackendRef target, KubeObject route) {
        return target.unusable().or(() -> problem(target, route));
    }

    /**
     * Why no rule of a route is served. To what its own text says comes what istiod does with a mirror that leads
     * nowhere: an HTTPRoute loses only the mirror, a GRPCRoute is dropped.
     */
    Optional<RouteProblem> refusal(GatewayRoute route) {
        if (route.refused().isPresent()
                || mode.strict()
                || !route.object().kind().equals("GRPCRoute")) {
            return route.refused();
        }
        for (GatewayRule rule : route.rules()) {
            for (HttpFilters.MirrorRef m : rule.filters().mirrors()) {
                // Nobody asks for the port of a service that exists.
                Optional<RouteProblem> problem = mirrorProblem(m.target(), route.object())
                        .filter(p -> !(p.reason().equals("BackendNotFound")
                                && p.field().endsWith(".port")));
                if (problem.isPresent()) {
                    return problem;
                }
            }
        }
        return Optional.empty();
    }

    /** What is wrong with a backend; empty when requests reach it. */
    Optional<RouteProblem> problem(BackendRef b, KubeObject route) {
        String host = b.host();
        if (host.isEmpty()) {
            return Optional.of(RouteProblem.resolved(
                    "InvalidKind",
                    "'" + (b.group().isEmpty() ? "" : b.group() + "/") + b.kind()
                            + "' is not supported as backend: use Service, or Hostname of group networking.istio.io",
                    b.field() + ".kind"));
        }
        if (mode.strict() && !grants.allow(route, b)) {
            return Optional.of(RouteProblem.resolved(
                    "RefNotPermitted",
                    "no ReferenceGrant in " + b.namespace() + " allows a " + route.kind() + " of " + route.namespace()
                            + " to use Service " + b.name() + ": create one",
                    b.field() + ".namespace"));
        }
        Optional<ServiceModel> service = targets.registry().byHost(host);
        if (service.isEmpty()) {
            return Optional.of(RouteProblem.resolved(
                    "BackendNotFound",
                    "there is no "
                            + (b.isService()
                                    ? "Service " + b.namespace() + "/" + b.name() + ": mend name or namespace"
                                    : "service with the host " + host + ": mend the name or write a ServiceEntry"),
                    b.field() + ".name"));
        }
        // A backend without port makes its rule unusable, which is told there.
        if (b.port() != 0 && service.get().port(b.port()).isEmpty()) {
            return Optional.of(RouteProblem.resolved(
                    "BackendNotFound",
                    host + " has no port " + b.port() + ": use one of "
                            + service.get().ports().stream()
                                    .map(ServiceModel.Port::number)
                                    .toList(),
                    b.field() + ".port"));
        }
        return Optional.empty();
    }

    /** Whether a reference needs a grant that nobody gave, although it is followed. */
    boolean lacksGrant(BackendRef b, KubeObject route) {
        return !mode.strict() && !grants.allow(route, b);
    }
}
