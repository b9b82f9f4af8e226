package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.MeshSnapshot;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Cluster states by name. Balancer and counters survive a snapshot; clusters that left it are dropped with the next one. */
public final class ClusterManager {
    private final ConcurrentHashMap<String, ClusterState> states = new ConcurrentHashMap<>();
    private Set<String> before = Set.of();

    /** Called by one thread at a time, before routes that name new clusters are published. */
    public void update(MeshSnapshot snapshot) {
        for (Cluster c : snapshot.clusters().values()) {
            Endpoints e = snapshot.endpoints().getOrDefault(c.name(), Endpoints.none(c.name()));
            states.computeIfAbsent(c.name(), n -> new ClusterState(c)).update(c, e);
        }
        // Exchanges that began with the snapshot before look their cluster up a moment later.
        states.keySet().removeIf(name -> !snapshot.clusters().containsKey(name) && !before.contains(name));
        before = Set.copyOf(snapshot.clusters().keySet());
    }

    /** The state of a cluster; null when the configuration has none of that name. */
    public @Nullable ClusterState get(String name) {
        return states.get(name);
    }

    /** Requests and TCP connections in progress, over all endpoints. */
    public int active() {
        int sum = 0;
        for (ClusterState c : states.values()) {
            for (HostState h : c.hosts()) {
                sum += h.active().get();
            }
        }
        return sum;
    }

    public java.util.Collection<ClusterState> all() {
        return states.values();
    }
}
