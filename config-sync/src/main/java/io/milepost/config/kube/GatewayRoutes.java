package io.milepost.config.kube;

import io.milepost.config.kube.ParentRef.ServiceKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** All routes of the Gateway API, by kind and by the service that they name as parent, oldest first. */
final class GatewayRoutes {
    /** One parentRef of one route. */
    record Attached(GatewayRoute route, ParentRef parent) {}

    private record Key(String kind, ServiceKey service) {}

    private final List<GatewayRoute> all = new ArrayList<>();
    private final Map<Key, List<Attached>> byService = new HashMap<>();

    /** @param known what was read before, by object; unchanged objects are not read again */
    GatewayRoutes(KubeObjects objects, GatewayRouteReader reader, Map<KubeObject, GatewayRoute> known) {
        Map<KubeObject, GatewayRoute> now = new IdentityHashMap<>();
        for (String kind : GatewayRouteReader.KINDS) {
            for (KubeObject o : objects.ofKind(kind)) {
                if (!isGatewayApi(o)) {
                    continue;
                }
                GatewayRoute route = known.get(o);
                if (route == null) {
                    route = reader.read(o);
                }
                now.put(o, route);
                all.add(route);
                for (ParentRef p : route.parents()) {
                    byService
                            .computeIfAbsent(new Key(kind, p.key()), k -> new ArrayList<>())
                            .add(new Attached(route, p));
                }
            }
        }
        known.clear();
        known.putAll(now);
    }

    static boolean isGatewayApi(KubeObject o) {
        return o.group().equals("gateway.networking.k8s.io");
    }

    List<GatewayRoute> all() {
        return all;
    }

    List<Attached> of(String kind, ServiceInfo service) {
        return byService.getOrDefault(new Key(kind, ServiceKey.of(service)), List.of());
    }
}
