package io.milepost.config.kube;

import io.milepost.config.kube.ParentRef.ServiceKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All routes of the Gateway API, by kind and by the service that they name as parent, oldest first. */
@SuppressWarnings({"ReferenceEquality", "IdentityHashMapUsage"}) // objects are the same or they were read again
final class GatewayRoutes {
    /** One parentRef of one route. */
    record Attached(GatewayRoute route, ParentRef parent) {}

    private record Key(String kind, ServiceKey service) {
        // Written out for the reason given in Label.
        @Override
        public boolean equals(Object o) {
            return o instanceof Key k && kind.equals(k.kind) && service.equals(k.service);
        }

        @Override
        public int hashCode() {
            return kind.hashCode() * 31 + service.hashCode();
        }
    }

    private static final int MANY = 500;
    private static final Comparator<Attached> ORDER = GatewayRoutes::compare;

    private final GatewayRouteReader reader;
    private final Map<KubeObject, GatewayRoute> all;
    private final Map<Key, List<Attached>> byService = new HashMap<>();

    /** @param known what was read before, by object; unchanged objects are not read again, gone ones are removed */
    GatewayRoutes(KubeObjects objects, GatewayRouteReader reader, Map<KubeObject, GatewayRoute> known) {
        this.reader = reader;
        this.all = known;
        Map<KubeObject, GatewayRoute> before = new IdentityHashMap<>(known);
        known.clear();
        List<KubeObject> routes = GatewayRouteReader.KINDS.stream()
                .flatMap(kind -> objects.ofKind(kind).stream())
                .filter(GatewayRoutes::isGatewayApi)
                .toList();
        long unread = routes.stream().filter(o -> !before.containsKey(o)).count();
        // Reading looks at nothing but the object; many of them are read on all processors.
        (unread > MANY ? routes.parallelStream() : routes.stream())
                .map(o -> {
                    GatewayRoute route = before.get(o);
                    return route == null ? reader.read(o) : route;
                })
                .forEachOrdered(this::add);
    }

    private static int compare(Attached a, Attached b) {
        int c = KubeObjects.ORDER.compare(a.route().object(), b.route().object());
        return c == 0 ? Integer.compare(a.parent().index(), b.parent().index()) : c;
    }

    private void add(GatewayRoute route) {
        all.put(route.object(), route);
        for (ParentRef p : route.parents()) {
            byService
                    .computeIfAbsent(new Key(route.object().kind(), p.key()), k -> new ArrayList<>())
                    .add(new Attached(route, p));
        }
    }

    GatewayRoute put(KubeObject o) {
        GatewayRoute route = reader.read(o);
        add(route);
        for (ParentRef p : route.parents()) {
            of(o.kind(), p.key()).sort(ORDER);
        }
        return route;
    }

    /** Empty when nobody knew it. */
    Optional<GatewayRoute> remove(KubeObject o) {
        GatewayRoute route = all.remove(o);
        if (route != null) {
            for (ParentRef p : route.parents()) {
                of(o.kind(), p.key()).removeIf(a -> a.route() == route);
            }
        }
        return Optional.ofNullable(route);
    }

    private List<Attached> of(String kind, ServiceKey service) {
        return byService.computeIfAbsent(new Key(kind, service), k -> new ArrayList<>());
    }

    static boolean isGatewayApi(KubeObject o) {
        return o.group().equals("gateway.networking.k8s.io");
    }

    Collection<GatewayRoute> all() {
        return all.values();
    }

    List<Attached> of(String kind, ServiceInfo service) {
        return byService.getOrDefault(new Key(kind, ServiceKey.of(service)), List.of());
    }
}
