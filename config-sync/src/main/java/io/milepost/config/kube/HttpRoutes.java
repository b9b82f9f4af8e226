package io.milepost.config.kube;

import io.milepost.config.kube.GatewayRoutes.Attached;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteRule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** HTTPRoutes and GRPCRoutes whose parent is a service: which apply to a port, and in which order. */
final class HttpRoutes {
    private final GatewayRoutes routes;
    private final Shadows shadows;
    private final GatewayRef waypoint;
    private final GatewayApiMode mode;
    private final RouteAssembly.Context context;

    HttpRoutes(
            GatewayRoutes routes,
            Shadows shadows,
            GatewayRef waypoint,
            GatewayApiMode mode,
            RouteAssembly.Context context) {
        this.routes = routes;
        this.shadows = shadows;
        this.waypoint = waypoint;
        this.mode = mode;
        this.context = context;
    }

    /**
     * @param lists for every client
     * @param consumers lists that replace them for clients of a namespace
     */
    record ServiceRoutes(List<RouteList> lists, Map<String, List<RouteList>> consumers) {}

    private record Key(String namespace, int port) {}

    private record Entry(RankedMatch match, RouteRule rule) {}

    private record Group(String created, String name, List<Entry> entries) {}

    ServiceRoutes of(ServiceModel service, Port port) {
        List<RouteList> lists = new ArrayList<>();
        Map<String, List<RouteList>> consumers = new TreeMap<>();
        for (String kind : new String[] {"HTTPRoute", "GRPCRoute"}) {
            groups(kind, service, port).forEach((key, group) -> {
                if (group.entries().isEmpty()) {
                    return;
                }
                RouteList list = list(key, group);
                boolean consumer =
                        mode.strict() && !key.namespace().equals(service.info().namespace());
                (consumer ? consumers.computeIfAbsent(key.namespace(), n -> new ArrayList<>()) : lists).add(list);
            });
        }
        return new ServiceRoutes(lists, consumers);
    }

    /** Kinds are not sorted together; inside a kind the routes of one namespace with the same parent port are. */
    private Map<Key, Group> groups(String kind, ServiceModel service, Port port) {
        Map<Key, Group> groups = new LinkedHashMap<>();
        for (Attached a : routes.of(kind, service.info())) {
            GatewayRoute route = a.route();
            if (!bound(a.parent(), port, mode)
                    || !counts(route, service)
                    || context.backends().refusal(route).isPresent()) {
                continue;
            }
            KubeObject o = route.object();
            Group group = groups.computeIfAbsent(
                    new Key(o.namespace(), a.parent().port()),
                    k -> new Group(o.created(), o.name(), new ArrayList<>()));
            String host = o.namespace() + "~"
                    + (a.parent().port() == 0 ? "" : a.parent().port() + "~") + service.host();
            RouteAssembly assembly = new RouteAssembly(context, route, host, port);
            for (GatewayRule rule : route.rules()) {
                for (RankedMatch m : rule.matches()) {
                    group.entries().add(new Entry(m, assembly.assemble(rule, m)));
                }
            }
        }
        return groups;
    }

    private boolean counts(GatewayRoute route, ServiceModel service) {
        return mode.strict()
                || counts(route.object().namespace(), service.info().namespace(), waypoint);
    }

    /** Consumer routes have no effect at Istio's waypoint. */
    static boolean counts(String routeNamespace, String serviceNamespace, GatewayRef waypoint) {
        return routeNamespace.equals(serviceNamespace) || routeNamespace.equals(waypoint.namespace());
    }

    /** istiod does not look at the section of a service's parent. */
    static boolean bound(ParentRef parent, Port port, GatewayApiMode mode) {
        return (parent.port() == 0 || parent.port() == port.number())
                && (!mode.strict()
                        || parent.sectionName().isEmpty()
                        || parent.sectionName().equals(port.name()));
    }

    private RouteList list(Key key, Group group) {
        List<Entry> sorted = new ArrayList<>(group.entries());
        sorted.sort(Comparator.comparing(Entry::match, RankedMatch.ORDER));
        List<RouteRule> rules = new ArrayList<>();
        RouteRule last = null;
        for (Entry e : sorted) {
            if (last != null) {
                shadows.cut(e.rule(), last);
                continue;
            }
            rules.add(e.rule());
            if (takesAll(e.rule())) {
                last = e.rule();
            }
        }
        return new RouteList(
                key.namespace().equals(waypoint.namespace())
                        ? RouteList.Rank.WAYPOINT_NAMESPACE
                        : RouteList.Rank.OTHERS,
                group.created(),
                group.name(),
                key.port(),
                rules);
    }

    /** istiod ends a list at such a rule. */
    private static boolean takesAll(RouteRule rule) {
        return rule.match().path().equals(PathMatch.ANY)
                && rule.match().headers().isEmpty()
                && rule.match().query().isEmpty();
    }
}
