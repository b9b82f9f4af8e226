package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Health;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A cluster while it lives: its hosts, the balancer's position and what is counted against its limits. Survives snapshots
 * by name; replaced pieces are published with one volatile write.
 */
public final class ClusterState {
    private static final int MAX_PICKS = 5;

    private volatile Cluster cluster;
    private volatile Hosts hosts = new Hosts(Endpoints.none(""), List.of(), false);
    private final AtomicInteger position = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();

    private record Hosts(Endpoints source, List<HostState> healthy, boolean weighted) {}

    ClusterState(Cluster cluster) {
        this.cluster = cluster;
    }

    public Cluster cluster() {
        return cluster;
    }

    public AtomicInteger requests() {
        return requests;
    }

    public AtomicInteger retries() {
        return retries;
    }

    public AtomicInteger connections() {
        return connections;
    }

    /** Called by one thread at a time. */
    void update(Cluster next, Endpoints endpoints) {
        cluster = next;
        Hosts before = hosts;
        if (before.source.equals(endpoints)) {
            return;
        }
        Map<String, HostState> known = new HashMap<>();
        for (HostState h : before.healthy) {
            known.put(h.endpoint().hostPort(), h);
        }
        List<HostState> healthy = new ArrayList<>();
        boolean weighted = false;
        int priority = Integer.MAX_VALUE;
        for (LocalityEndpoints l : endpoints.localities()) {
            boolean any = false;
            for (Endpoint e : l.endpoints()) {
                any |= e.health() == Health.HEALTHY && e.weight() > 0;
            }
            if (any) {
                priority = Math.min(priority, l.priority());
            }
        }
        for (LocalityEndpoints l : endpoints.localities()) {
            if (l.priority() != priority) {
                continue;
            }
            for (Endpoint e : l.endpoints()) {
                if (e.health() != Health.HEALTHY || e.weight() <= 0) {
                    continue;
                }
                weighted |= e.weight() != l.endpoints().getFirst().weight();
                HostState h = known.get(e.hostPort());
                if (h == null) {
                    h = new HostState(e);
                } else {
                    h.endpoint(e);
                }
                healthy.add(h);
            }
        }
        hosts = new Hosts(endpoints, List.copyOf(healthy), weighted);
    }

    /** Endpoints that could be chosen, as a list that does not change. */
    public List<HostState> hosts() {
        return hosts.healthy;
    }

    /** Endpoints that could be chosen. */
    public int size() {
        return hosts.healthy.size();
    }

    /**
     * Chooses an endpoint.
     *
     * @param tried endpoints of earlier attempts, avoided where another exists
     * @return null when there is no healthy endpoint
     */
    public @Nullable HostState pick(List<HostState> tried) {
        Hosts h = hosts;
        List<HostState> all = h.healthy;
        if (all.size() == 0) {
            return null;
        }
        if (all.size() == 1) {
            return all.getFirst();
        }
        HostState choice = pickOnce(h, all);
        for (int i = 0; i < MAX_PICKS && tried.contains(choice); i++) {
            choice = pickOnce(h, all);
        }
        if (tried.contains(choice)) {
            for (HostState other : all) {
                if (!tried.contains(other)) {
                    return other;
                }
            }
        }
        return choice;
    }

    private HostState pickOnce(Hosts h, List<HostState> all) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return switch (cluster.balancer().policy()) {
            case RANDOM -> all.get(random.nextInt(all.size()));
            case ROUND_ROBIN -> all.get(Math.floorMod(position.getAndIncrement(), all.size()));
            // The hash policies need a key; without one Envoy falls back to a random point.
            case RING_HASH, MAGLEV -> all.get(random.nextInt(all.size()));
            case LEAST_REQUEST -> {
                HostState a = weightedRandom(h, all, random);
                HostState b = weightedRandom(h, all, random);
                yield b.active().get() < a.active().get() ? b : a;
            }
        };
    }

    private static HostState weightedRandom(Hosts h, List<HostState> all, ThreadLocalRandom random) {
        if (!h.weighted) {
            return all.get(random.nextInt(all.size()));
        }
        long total = 0;
        for (HostState s : all) {
            total += s.endpoint().weight();
        }
        long at = random.nextLong(total);
        for (HostState s : all) {
            at -= s.endpoint().weight();
            if (at < 0) {
                return s;
            }
        }
        return all.getLast();
    }
}
