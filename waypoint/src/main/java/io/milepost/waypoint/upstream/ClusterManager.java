package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.Workload;
import io.milepost.mesh.WorkloadIndex;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cluster states by name. Balancer and counters survive a snapshot; a cluster that left stays for the exchanges that began
 * before. One thread does what is due from time to time: ejections end, names are looked up again.
 */
public final class ClusterManager implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ClusterManager.class);
    private static final long TICK_MILLIS = 100;
    private static final long LINGER_NANOS = 60_000_000_000L;
    private static final long FILES_NANOS = 5_000_000_000L;
    private static final int HBONE_PORT = 15008;

    private final ConcurrentHashMap<String, ClusterState> states = new ConcurrentHashMap<>();
    private final Map<String, Long> leftAt = new HashMap<>();
    private final Map<String, Long> intervalAt = new ConcurrentHashMap<>();
    private final List<LoopPools> pools = new CopyOnWriteArrayList<>();
    private final AtomicInteger loops = new AtomicInteger();
    private final NameResolver resolver;
    private final LongSupplier nanos;
    private final ScheduledExecutorService timer;
    private long filesAtNanos;
    private volatile WorkloadIndex workloads = WorkloadIndex.EMPTY;

    /** Without names to look up. */
    public ClusterManager() {
        this(NameResolver.none());
    }

    /** @param resolver closed with this; its answers are worked on by this object's thread */
    public ClusterManager(NameResolver resolver) {
        this(resolver, System::nanoTime, true);
        timer.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** For tests: time passes when they say so, and {@link #tick} is theirs to call. */
    ClusterManager(NameResolver resolver, LongSupplier nanos) {
        this(resolver, nanos, false);
    }

    private ClusterManager(NameResolver resolver, LongSupplier nanos, boolean handover) {
        this.resolver = handover ? new Handover(resolver) : resolver;
        this.nanos = nanos;
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("milepost-clusters").factory());
    }

    /** A number for one more event loop, see {@link Pick}. */
    public int newLoop() {
        return loops.getAndIncrement();
    }

    /** Pools hear of hosts that left, to close their connections. */
    public void register(LoopPools p) {
        pools.add(p);
    }

    /** Called by one thread at a time, before routes that name new clusters are published. */
    public synchronized void update(MeshSnapshot snapshot) {
        long now = nanos.getAsLong();
        workloads = snapshot.workloads();
        OriginalDestinations.Reach direct = reach(snapshot.workloads());
        for (Cluster c : snapshot.clusters().values()) {
            leftAt.remove(c.name());
            Endpoints e = snapshot.endpoints().getOrDefault(c.name(), Endpoints.none(c.name()));
            ClusterState s = states.get(c.name());
            if (s == null) {
                s = new ClusterState(c, resolver, this::hostRemoved, nanos);
                s.onStarving(h -> pools.forEach(p -> p.closeIdle(h)));
                s.update(c, e);
                states.put(c.name(), s);
            } else {
                s.update(c, e);
            }
            if (c.serviceHost().isEmpty()) {
                s.reach(direct);
            }
        }
        // Exchanges that began with the snapshot before look their cluster up a moment later.
        for (String name : states.keySet()) {
            if (!snapshot.clusters().containsKey(name)) {
                leftAt.putIfAbsent(name, now);
            }
        }
    }

    /** Workload-addressed traffic: by tunnel where the workload has one. */
    private static OriginalDestinations.Reach reach(WorkloadIndex workloads) {
        return (ip, port) -> {
            Workload w = workloads.byAddress(ip).orElse(null);
            String text = ip.toString();
            if (w == null || !w.hbone()) {
                return new Endpoint(text, port, Optional.empty(), w == null ? "" : w.uid());
            }
            String authority = (ip.v6() ? "[" + text + "]" : text) + ":" + port;
            return new Endpoint(
                    text,
                    port,
                    Optional.of(new Tunnel(
                            text, HBONE_PORT, authority, List.of(w.identity().toString()))),
                    w.uid());
        };
    }

    /** Answers come on event loops, which must not do the work that follows. */
    private final class Handover implements NameResolver {
        private final NameResolver inner;

        Handover(NameResolver inner) {
            this.inner = inner;
        }

        @Override
        public void resolve(String name, Cluster.Dns.Family family, Consumer<Answer> then) {
            inner.resolve(name, family, a -> {
                if (!timer.isShutdown()) {
                    timer.execute(() -> then.accept(a));
                }
            });
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    private void hostRemoved(HostState h) {
        for (LoopPools p : pools) {
            p.drain(h);
        }
    }

    /** Does what is due. */
    void tick() {
        try {
            long now = nanos.getAsLong();
            forgetLeft(now);
            boolean files = now - filesAtNanos >= FILES_NANOS;
            filesAtNanos = files ? now : filesAtNanos;
            for (ClusterState s : states.values()) {
                s.tick();
                if (files) {
                    s.refreshFiles();
                }
                outliers(s, now);
            }
        } catch (RuntimeException e) {
            log.error("upkeep of clusters failed, it goes on: {}", e.toString(), e);
        }
    }

    private void outliers(ClusterState s, long now) {
        Cluster c = s.cluster();
        long interval =
                c.outlier().map(Cluster.OutlierDetection::intervalMillis).orElse(s.ejected() > 0 ? TICK_MILLIS : 0L);
        if (interval <= 0) {
            intervalAt.remove(c.name());
            return;
        }
        Long due = intervalAt.putIfAbsent(c.name(), now + interval * 1_000_000);
        if (due != null && now - due >= 0) {
            intervalAt.put(c.name(), now + interval * 1_000_000);
            s.outlierInterval();
        }
    }

    private synchronized void forgetLeft(long now) {
        leftAt.entrySet().removeIf(e -> {
            ClusterState s = states.get(e.getKey());
            if (s == null) {
                return true;
            }
            boolean over = now - e.getValue() > LINGER_NANOS && s.limits().requests() == 0;
            if (over) {
                states.remove(e.getKey());
                intervalAt.remove(e.getKey());
                s.retire();
                s.hosts().forEach(h -> {
                    h.remove();
                    hostRemoved(h);
                });
            }
            return over;
        });
    }

    /** Who is behind the endpoints' addresses. */
    public WorkloadIndex workloads() {
        return workloads;
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

    /** Sum of one counter over all clusters; see {@link ClusterStats#forEach} for names. */
    public long total(String counter) {
        long[] sum = new long[1];
        for (ClusterState c : states.values()) {
            c.stats().forEach((name, n) -> sum[0] += name.equals(counter) ? n : 0);
        }
        return sum[0];
    }

    public Collection<ClusterState> all() {
        return states.values();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        resolver.close();
        states.values().forEach(ClusterState::retire);
    }
}
