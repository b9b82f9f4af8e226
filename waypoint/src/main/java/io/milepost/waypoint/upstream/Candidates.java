package io.milepost.waypoint.upstream;

import io.milepost.filters.Maglev;
import io.milepost.filters.RingHash;
import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.Cluster.LoadBalancer.Ring;
import io.milepost.mesh.Cluster.LoadBalancer.Warmup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Hosts among which one choice is made (a priority, or a locality of it), prepared for the cluster's policy. The members
 * never change; a change of hosts makes a new object. A choice allocates nothing.
 */
final class Candidates {
    /** Beyond this number event loops choose without regard to weights; machines have fewer. */
    private static final int MAX_LOOPS = 256;

    private final HostState[] hosts;
    private final LoadBalancer balancer;
    private final LongSupplier nanos;
    private final boolean uneven;
    private final int @Nullable [] rotation;
    private final EdfScheduler @Nullable [] schedulers;
    private final @Nullable RingHash ring;
    private final @Nullable Maglev maglev;
    private final AtomicInteger position =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(1 << 20));

    /**
     * @param weights what consistent hashing weighs by: of the hosts, and of their localities where these have weights
     * @param nanos the clock for warming up
     */
    Candidates(List<HostState> members, double[] weights, LoadBalancer balancer, LongSupplier nanos) {
        this.hosts = members.toArray(new HostState[0]);
        this.balancer = balancer;
        this.nanos = nanos;
        boolean warming = warming(nanos.getAsLong());
        this.uneven = warming || !equalWeights(hosts);
        Policy p = balancer.policy();
        boolean scheduled = uneven && (p == Policy.LEAST_REQUEST || (p == Policy.ROUND_ROBIN && warming));
        this.schedulers = scheduled ? new EdfScheduler[MAX_LOOPS] : null;
        this.rotation =
                uneven && !warming && p == Policy.ROUND_ROBIN ? EdfScheduler.rotation(hostWeights(hosts)) : null;
        boolean hash = hosts.length > 0 && (p == Policy.RING_HASH || p == Policy.MAGLEV);
        Ring size = balancer.ring().orElse(null);
        this.ring = hash && p == Policy.RING_HASH
                ? RingHash.build(names(hosts), weights, size == null ? RingHash.defaultSize() : size)
                : null;
        this.maglev = hash && p == Policy.MAGLEV
                ? Maglev.build(names(hosts), weights, size == null ? Maglev.DEFAULT_SIZE : (int) size.minimumSize())
                : null;
    }

    private static List<String> names(HostState[] hosts) {
        List<String> names = new ArrayList<>(hosts.length);
        for (HostState h : hosts) {
            names.add(h.logText().toString());
        }
        return names;
    }

    static double[] hostWeights(HostState[] hosts) {
        double[] w = new double[hosts.length];
        for (int i = 0; i < w.length; i++) {
            w[i] = hosts[i].endpoint().weight();
        }
        return w;
    }

    private static boolean equalWeights(HostState[] hosts) {
        for (HostState h : hosts) {
            if (h.endpoint().weight() != hosts[0].endpoint().weight()) {
                return false;
            }
        }
        return true;
    }

    /** Whether some host has not reached its full share yet. */
    boolean warming(long now) {
        Warmup w = warmup();
        if (w == null) {
            return false;
        }
        for (HostState h : hosts) {
            if (SlowStart.warming(w, (now - h.usableSinceNanos()) / 1_000_000)) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Warmup warmup() {
        Policy p = balancer.policy();
        return p == Policy.LEAST_REQUEST || p == Policy.ROUND_ROBIN
                ? balancer.warmup().orElse(null)
                : null;
    }

    int size() {
        return hosts.length;
    }

    HostState host(int i) {
        return hosts[i];
    }

    /**
     * One choice; null when there are no hosts.
     *
     * @param hash the request's key, or any number when it has none
     * @param attempt of this choice: the hash policies walk on
     */
    @Nullable
    HostState choose(Pick p, long hash, int attempt) {
        int n = hosts.length;
        if (n == 0) {
            return null;
        }
        return switch (balancer.policy()) {
            case RANDOM -> hosts[p.random().nextInt(n)];
            case ROUND_ROBIN -> roundRobin(p, n);
            case LEAST_REQUEST -> leastRequest(p, n);
            case RING_HASH -> hosts[ring == null ? 0 : ring.pick(hash, attempt)];
            case MAGLEV -> hosts[maglev == null ? 0 : maglev.pick(hash, attempt)];
        };
    }

    private HostState roundRobin(Pick p, int n) {
        if (rotation != null) {
            return hosts[rotation[Math.floorMod(position.getAndIncrement(), rotation.length)]];
        }
        EdfScheduler s = scheduler(p.loop());
        return hosts[s != null ? s.next() : Math.floorMod(position.getAndIncrement(), n)];
    }

    private HostState leastRequest(Pick p, int n) {
        if (n == 1) {
            return hosts[0];
        }
        EdfScheduler s = scheduler(p.loop());
        if (s != null) {
            return hosts[s.next()];
        }
        HostState a = hosts[p.random().nextInt(n)];
        HostState b = hosts[p.random().nextInt(n)];
        return b.active().getPlain() < a.active().getPlain() ? b : a;
    }

    /** This event loop's; made at its first turn. */
    private @Nullable EdfScheduler scheduler(int loop) {
        EdfScheduler[] all = schedulers;
        if (all == null || loop >= MAX_LOOPS) {
            return null;
        }
        EdfScheduler s = all[loop];
        if (s == null) {
            s = new EdfScheduler(hosts.length, this::weight);
            // As Envoy: not every loop starts with the same host.
            for (int i = ThreadLocalRandom.current().nextInt(hosts.length); i > 0; i--) {
                s.next();
            }
            all[loop] = s;
        }
        return s;
    }

    /** Least request divides the weight by what the host is busy with. */
    private double weight(int i) {
        HostState h = hosts[i];
        double w = h.endpoint().weight();
        Warmup warm = warmup();
        if (warm != null) {
            w *= SlowStart.factor(warm, (nanos.getAsLong() - h.usableSinceNanos()) / 1_000_000);
        }
        return balancer.policy() == Policy.LEAST_REQUEST ? w / (h.active().get() + 1) : w;
    }
}
