package io.milepost.config.kube;

import io.milepost.config.kube.GatewayRoutes.Attached;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.TcpChain.Backend;
import io.milepost.mesh.TcpChain.SniRoute;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** TCPRoutes and TLSRoutes whose parent is a service. */
final class TcpRoutes {
    private final GatewayRoutes routes;
    private final GatewayRef waypoint;
    private final GatewayApiMode mode;
    private final BackendResolver backends;
    private final DestinationRules rules;

    TcpRoutes(
            GatewayRoutes routes,
            GatewayRef waypoint,
            GatewayApiMode mode,
            BackendResolver backends,
            DestinationRules rules) {
        this.rules = rules;
        this.routes = routes;
        this.waypoint = waypoint;
        this.mode = mode;
        this.backends = backends;
    }

    /** What routes say about a port; in Istio's mode TLSRoutes too, whose server names nobody looks at. */
    List<TcpRouteList> of(ServiceModel service, Port port) {
        List<TcpRouteList> out = new ArrayList<>();
        for (Attached a : applying("TCPRoute", service, port)) {
            out.add(list(false, a.route()));
        }
        if (!mode.strict()) {
            for (Attached a : applying("TLSRoute", service, port)) {
                if (takesAll(a.route(), service)) {
                    out.add(list(true, a.route()));
                }
            }
        }
        return out;
    }

    private TcpRouteList list(boolean tls, GatewayRoute route) {
        KubeObject o = route.object();
        return new TcpRouteList(
                tls,
                o.namespace().equals(waypoint.namespace()) ? RouteList.Rank.WAYPOINT_NAMESPACE : RouteList.Rank.OTHERS,
                o.created(),
                o.name(),
                settled(route));
    }

    /** The first backend's DestinationRule settles how long connections live, as for a VirtualService. */
    private TcpRouteList.Route settled(GatewayRoute route) {
        List<Backend> to = backends(route);
        if (to.isEmpty()) {
            return TcpRouteList.Route.to(to);
        }
        DestinationRules.TcpSettings s =
                rules.tcp(route.rules().getFirst().backends().getFirst().host(), "");
        return new TcpRouteList.Route(to, s.idleTimeoutMillis(), s.maxDurationMillis(), s.hashSourceIp());
    }

    /** Exact names, then longer wildcards, then any name; age decides among equals. Only in the strict mode. */
    List<SniRoute> sni(ServiceModel service, Port port) {
        if (!mode.strict()) {
            return List.of();
        }
        List<SniRoute> out = new ArrayList<>();
        for (Attached a : applying("TLSRoute", service, port)) {
            List<Backend> to = backends(a.route());
            if (a.route().hostnames().isEmpty()) {
                out.add(new SniRoute(List.of(), to));
            }
            for (String h : a.route().hostnames()) {
                out.add(new SniRoute(List.of(h.toLowerCase(Locale.ROOT)), to));
            }
        }
        out.sort(Comparator.comparingInt(TcpRoutes::vagueness));
        return out;
    }

    private static int vagueness(SniRoute r) {
        if (r.hostnames().isEmpty()) {
            return Integer.MAX_VALUE;
        }
        String h = r.hostnames().getFirst();
        return h.startsWith("*") ? 1_000 - h.length() : 0;
    }

    private List<Attached> applying(String kind, ServiceModel service, Port port) {
        return routes.of(kind, service.info()).stream()
                .filter(a -> a.route().refused().isEmpty() && !a.route().rules().isEmpty())
                .filter(a -> HttpRoutes.bound(a.parent(), port, mode))
                .filter(a ->
                        counts(a.route().object().namespace(), service.info().namespace()))
                .toList();
    }

    /** Consumer routes are a matter of HTTP: a connection has no request that could be told apart. */
    private boolean counts(String routeNamespace, String serviceNamespace) {
        return mode.strict()
                ? routeNamespace.equals(serviceNamespace)
                : HttpRoutes.counts(routeNamespace, serviceNamespace, waypoint);
    }

    /** istiod does not look at the server name; a TLSRoute for other names counts for nothing. */
    static boolean takesAll(GatewayRoute route, ServiceModel service) {
        List<String> names = route.hostnames();
        if (names.size() > 1) {
            // istiod leaves out those that cannot be the service's (compatibleRoutesForHost)
            names = names.stream()
                    .filter(n -> VirtualServices.hostMatches(n, service.host()))
                    .toList();
            return names.equals(List.of(service.host()));
        }
        return names.isEmpty() || names.equals(List.of("*")) || names.equals(List.of(service.host()));
    }

    private List<Backend> backends(GatewayRoute route) {
        GatewayRule rule = route.rules().getFirst();
        List<Backend> out = new ArrayList<>();
        if (rule.broken().isEmpty()) {
            for (BackendRef b : rule.backends()) {
                int weight = rule.backends().size() == 1 ? 1 : b.weight();
                out.add(new Backend(backends.cluster(b, route.object(), false), weight));
            }
        }
        return out;
    }
}
