package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of a cluster at one moment, with all that can be computed before a request comes: load of the priorities,
 * panic, weights of localities, hash tables. Replaced as a whole when hosts or their health change.
 */
final class HostTable {
    private static final double OVERPROVISIONING = 1.4;
    private static final int MAX_ATTEMPTS = 6;

    /** Hosts of one locality in one priority. */
    record Group(int priority, int weight, List<HostState> hosts) {}

    /** What a priority offers: localities by weight, or all hosts together. */
    private static final class Level {
        final Candidates all;
        final List<Candidates> localities;
        final int @Nullable [] turns;
        private final AtomicInteger turn =
                new AtomicInteger(ThreadLocalRandom.current().nextInt(1 << 20));

        Level(Candidates all, List<Candidates> localities, int @Nullable [] turns) {
            this.all = all;
            this.localities = localities;
            this.turns = turns;
        }

        Candidates next() {
            int[] t = turns;
            return t == null ? all : localities.get(t[Math.floorMod(turn.getAndIncrement(), t.length)]);
        }
    }

    private final Level[] levels;
    private final int[] usable;
    private final int[] total;
    private final double panicPercent;
    private final PriorityLoad load;
    private final @Nullable Skip emptyBecause;

    private HostTable(Level[] levels, int[] usable, int[] total, double panicPercent, @Nullable Skip emptyBecause) {
        this.levels = levels;
        this.usable = usable;
        this.total = total;
        this.panicPercent = panicPercent;
        this.load = PriorityLoad.of(usable, total, panicPercent, 0);
        this.emptyBecause = emptyBecause;
    }

    /** A cluster without hosts. */
    static HostTable empty(Skip why) {
        return new HostTable(new Level[0], new int[0], new int[0], 0, why);
    }

    static HostTable build(Cluster cluster, List<Group> groups, LongSupplier nanos) {
        int n = 0;
        for (Group g : groups) {
            n = Math.max(n, g.priority() + 1);
        }
        int[] usable = new int[n];
        int[] total = new int[n];
        Skip why = null;
        for (Group g : groups) {
            for (HostState h : g.hosts()) {
                Skip excluded = h.exclusion();
                total[g.priority()]++;
                if (excluded == null) {
                    usable[g.priority()]++;
                } else if (why == null) {
                    why = excluded;
                }
            }
        }
        if (Arrays.stream(total).sum() == 0) {
            return empty(Skip.NO_ENDPOINTS);
        }
        PriorityLoad load = PriorityLoad.of(usable, total, cluster.panicThresholdPercent(), 0);
        Level[] levels = new Level[n];
        for (int i = 0; i < n; i++) {
            levels[i] = level(cluster.balancer(), i, groups, load.panic(i), nanos);
        }
        return new HostTable(levels, usable, total, cluster.panicThresholdPercent(), why);
    }

    private static Level level(
            LoadBalancer balancer, int priority, List<Group> groups, boolean panic, LongSupplier nanos) {
        List<HostState> all = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        List<Candidates> localities = new ArrayList<>();
        List<Double> localityWeights = new ArrayList<>();
        boolean byLocality = balancer.localityWeighted();
        boolean hash = balancer.policy() == Policy.RING_HASH || balancer.policy() == Policy.MAGLEV;
        for (Group g : groups) {
            if (g.priority() != priority) {
                continue;
            }
            List<HostState> members = new ArrayList<>();
            for (HostState h : g.hosts()) {
                if (h.exclusion() == null || (panic && !h.removed())) {
                    members.add(h);
                }
            }
            double sum = 0;
            for (HostState h : members) {
                sum += weight(h);
            }
            for (HostState h : members) {
                double w = byLocality && hash && !panic ? g.weight() * weight(h) / sum : weight(h);
                if (w > 0) {
                    all.add(h);
                    weights.add(w);
                }
            }
            if (byLocality && !hash && !panic && !members.isEmpty() && g.weight() > 0) {
                localities.add(new Candidates(members, new double[0], balancer, nanos));
                localityWeights.add(
                        effective(g.weight(), members.size(), g.hosts().size()));
            }
        }
        double[] w = weights.stream().mapToDouble(Double::doubleValue).toArray();
        int[] turns = localities.isEmpty()
                ? null
                : EdfScheduler.rotation(localityWeights.stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray());
        return new Level(new Candidates(all, w, balancer, nanos), localities, turns);
    }

    private static double weight(HostState h) {
        return Math.max(1, h.endpoint().weight());
    }

    /** A locality keeps its weight while 1/1.4 of its hosts are usable. */
    static double effective(int weight, int usable, int total) {
        return weight * Math.min(1, OVERPROVISIONING * usable / total);
    }

    /** The choice; null (with the reason in {@code p}) when there is none. */
    @Nullable
    HostState pick(Pick p) {
        p.forget();
        if (levels.length == 0) {
            return p.none(emptyBecause == null ? Skip.NO_ENDPOINTS : emptyBecause);
        }
        long hash = p.hashed() ? p.hash() : p.random().nextLong();
        PriorityLoad l = load;
        List<HostState> tried = p.tried();
        if (p.otherPriorities() && tried.size() >= 2) {
            l = PriorityLoad.of(usable, total, panicPercent, priorities(tried));
        }
        int priority = l.choose(hash);
        Candidates c = levels[priority].next();
        p.chosen(priority, load.panic(priority));
        HostState choice = c.choose(p, hash, 0);
        if (choice == null) {
            return p.none(emptyBecause == null ? Skip.NO_LOCALITY_WEIGHT : emptyBecause);
        }
        if (tried.isEmpty() || !tried.contains(choice)) {
            return choice;
        }
        for (int i = 1; i < MAX_ATTEMPTS; i++) {
            p.skip(choice, Skip.PREVIOUS_HOST);
            HostState next = c.choose(p, hash, i);
            if (next != null && !tried.contains(next)) {
                return next;
            }
        }
        for (int i = 0; i < c.size(); i++) {
            if (!tried.contains(c.host(i))) {
                return c.host(i);
            }
        }
        return choice;
    }

    private static long priorities(List<HostState> tried) {
        long mask = 0;
        for (HostState h : tried) {
            mask |= h.priority() < 64 ? 1L << h.priority() : 0;
        }
        return mask;
    }

    /** Why a host gets no traffic now; null when it gets some. */
    @Nullable
    Skip why(HostState h) {
        Skip s = h.exclusion();
        if (h.removed()) {
            return s;
        }
        int p = h.priority();
        if (p >= levels.length) {
            return Skip.OTHER_PRIORITY;
        }
        if (load.percent(p) == 0) {
            return s == null ? Skip.OTHER_PRIORITY : s;
        }
        if (s != null) {
            return load.panic(p) ? null : s;
        }
        Level l = levels[p];
        if (l.turns != null) {
            for (Candidates c : l.localities) {
                for (int i = 0; i < c.size(); i++) {
                    if (c.host(i).equals(h)) {
                        return null;
                    }
                }
            }
            return Skip.NO_LOCALITY_WEIGHT;
        }
        return null;
    }

    int usable() {
        return Arrays.stream(usable).sum();
    }

    int total() {
        return Arrays.stream(total).sum();
    }

    /** Percent of the traffic that a priority gets; 0 for one that does not exist. */
    int percent(int priority) {
        return priority < levels.length ? load.percent(priority) : 0;
    }

    int priorities() {
        return levels.length;
    }

    boolean panic(int priority) {
        return priority < levels.length && load.panic(priority);
    }

    /** Whether hosts are warming up, so that the table must be made again soon. */
    boolean warming(long now) {
        for (Level l : levels) {
            if (l.all.warming(now)) {
                return true;
            }
            for (Candidates c : l.localities) {
                if (c.warming(now)) {
                    return true;
                }
            }
        }
        return false;
    }
}
