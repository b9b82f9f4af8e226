package io.milepost.waypoint.admin;

import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Clusters with their endpoints: how each is reached, its health, and the requests it is working on. */
final class ClustersPage {
    private ClustersPage() {}

    static Answer render(Operations operations, boolean json) {
        List<Map<String, Object>> all = new ArrayList<>();
        MeshSnapshot snapshot = operations.snapshot();
        operations.clusters().stream()
                .sorted(Comparator.comparing((ClusterState c) -> c.cluster().name()))
                .forEach(c -> all.add(cluster(c, snapshot == null ? MeshSnapshot.EMPTY : snapshot)));
        return json ? Answer.json(Json.text(all)) : Answer.text(200, text(all));
    }

    private static Map<String, Object> cluster(ClusterState c, MeshSnapshot snapshot) {
        Map<String, HostState> hosts = new HashMap<>();
        for (HostState h : c.hosts()) {
            hosts.put(h.endpoint().hostPort(), h);
        }
        List<Map<String, Object>> endpoints = new ArrayList<>();
        Endpoints known = snapshot.endpoints()
                .getOrDefault(c.cluster().name(), Endpoints.none(c.cluster().name()));
        for (LocalityEndpoints l : known.localities()) {
            for (Endpoint e : l.endpoints()) {
                endpoints.add(endpoint(l, e, hosts.remove(e.hostPort())));
            }
        }
        // Endpoints that are found in other ways than by the configuration (names).
        for (HostState h : hosts.values()) {
            endpoints.add(endpoint(
                    new LocalityEndpoints(io.milepost.mesh.Locality.UNKNOWN, 0, 0, List.of()), h.endpoint(), h));
        }
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("name", c.cluster().name());
        m.put("service", c.cluster().serviceHost());
        m.put("subset", c.cluster().subset());
        m.put("policy", c.cluster().balancer().policy());
        m.put("active_requests", c.requests().get());
        m.put("active_retries", c.retries().get());
        m.put("active_connections", c.connections().get());
        m.put("limits", c.cluster().limits());
        m.put("source", c.cluster().source());
        m.put("endpoints", endpoints);
        return m;
    }

    private static Map<String, Object> endpoint(
            LocalityEndpoints l, Endpoint e, @org.jspecify.annotations.Nullable HostState h) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("address", e.hostPort());
        m.put("tunnel", e.tunnel().map(t -> t.address() + ":" + t.port()).orElse(""));
        m.put("workload", e.workload());
        m.put("health", e.health());
        m.put("weight", e.weight());
        m.put("priority", l.priority());
        m.put("locality", l.locality());
        m.put("chosen_by_balancer", h != null);
        m.put("active_requests", h == null ? 0 : h.active().get());
        return m;
    }

    private static String text(List<Map<String, Object>> all) {
        StringBuilder s = new StringBuilder();
        for (Map<String, Object> c : all) {
            String name = String.valueOf(c.get("name"));
            c.forEach((k, v) -> {
                if (!k.equals("endpoints") && !k.equals("name")) {
                    s.append(name).append("::").append(k).append("::").append(v).append('\n');
                }
            });
            if (c.get("endpoints") instanceof List<?> endpoints) {
                for (Object o : endpoints) {
                    if (o instanceof Map<?, ?> e) {
                        e.forEach((k, v) -> {
                            if (!k.equals("address")) {
                                s.append(name)
                                        .append("::")
                                        .append(e.get("address"))
                                        .append("::")
                                        .append(k)
                                        .append("::")
                                        .append(v)
                                        .append('\n');
                            }
                        });
                    }
                }
            }
        }
        return s.toString();
    }
}
