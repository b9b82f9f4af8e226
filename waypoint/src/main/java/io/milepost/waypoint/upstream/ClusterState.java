package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.OutlierDetection;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import io.milepost.mesh.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A cluster while it lives: its hosts with what is known of them, the balancer, limits and counters. Survives snapshots by
 * name. Event loops read what was published by one volatile write; who changes the hosts holds this object's monitor, which
 * event loops never take.
 */
public final class ClusterState {
    private final LongSupplier nanos;
    private final NameResolver resolver;
    private final Consumer<HostState> onRemoved;
    private volatile Consumer<HostState> freeIdle = h -> {};
    private final ClusterStats stats = new ClusterStats();
    private final ResourceLimits limits;
    private final Outliers outliers;
    private final OriginalDestinations destinations;
    private final DynamicNames names;
    private final AtomicInteger changes = new AtomicInteger();
    private volatile Cluster cluster;
    private volatile Endpoints endpoints;
    private volatile List<HostTable.Group> groups = List.of();
    private volatile List<HostState> hosts = List.of();
    private volatile HostTable table = HostTable.empty(Skip.NO_ENDPOINTS);
    private volatile @Nullable ClusterDns dns;
    private volatile @Nullable TlsContext tls;
    private volatile boolean warmingSeen;
    private volatile int givenPort;

    /** A cluster without names to look up, for tests and tools. */
    public ClusterState(Cluster cluster) {
        this(cluster, NameResolver.none(), h -> {}, System::nanoTime);
    }

    /** @param onRemoved told of hosts that left, so that their connections may be closed */
    ClusterState(Cluster cluster, NameResolver resolver, Consumer<HostState> onRemoved, LongSupplier nanos) {
        this.cluster = cluster;
        this.endpoints = Endpoints.none(cluster.name());
        this.resolver = resolver;
        this.onRemoved = onRemoved;
        this.nanos = nanos;
        this.limits = new ResourceLimits(() -> cluster().limits(), stats);
        this.outliers = new Outliers(this::outlierSettings, this::hosts, stats, nanos, this::rebuild);
        this.destinations = new OriginalDestinations(ClusterState::plain, stats, nanos);
        this.names = new DynamicNames(this::cluster, resolver, stats, nanos, this::portOfNames);
    }

    private int portOfNames() {
        int given = givenPort;
        return given > 0 ? given : defaultPort(cluster);
    }

    /** The port of an endpoint without address: that of whatever the request names; 0 when there is none. */
    private static int givenPort(Endpoints listed) {
        for (LocalityEndpoints l : listed.localities()) {
            for (Endpoint e : l.endpoints()) {
                if (e.address().isEmpty()) {
                    return e.port();
                }
            }
        }
        return 0;
    }

    private @Nullable OutlierDetection outlierSettings() {
        return cluster.outlier().orElse(null);
    }

    private static Endpoint plain(IpAddress ip, int port) {
        return new Endpoint(ip.toString(), port, java.util.Optional.empty(), "");
    }

    /** The port of requests that name none: the service port in the cluster's name. */
    static int defaultPort(Cluster c) {
        String[] parts = c.name().split("\\|", 3);
        if (parts.length == 3 && !parts[1].isEmpty() && parts[1].chars().allMatch(d -> d >= '0' && d <= '9')) {
            return Integer.parseInt(parts[1]);
        }
        return c.tls().isPresent() ? 443 : 80;
    }

    public Cluster cluster() {
        return cluster;
    }

    public ClusterStats stats() {
        return stats;
    }

    /** What is in use of connections, requests, and so on. */
    public ResourceLimits limits() {
        return limits;
    }

    /** Requests in progress. */
    public AtomicInteger requests() {
        return limits.requestCount();
    }

    /** Tries after the first that wait or are in progress. */
    public AtomicInteger retries() {
        return limits.retryCount();
    }

    public AtomicInteger connections() {
        return limits.connectionCount();
    }

    /** TLS towards the endpoints; null when there is none. */
    @Nullable
    TlsContext tls() {
        return tls;
    }

    /** Why no connection can be made at the moment; empty when nothing is known against it. */
    public String problem() {
        TlsContext t = tls;
        return t == null ? "" : t.problem();
    }

    /** All hosts, usable or not. */
    public List<HostState> hosts() {
        return switch (cluster.discovery()) {
            case ORIGINAL_DST -> destinations.hosts();
            case DYNAMIC_DNS -> names.hosts();
            default -> hosts;
        };
    }

    /** Endpoints that could be chosen. */
    public int size() {
        return table.usable();
    }

    /** Puts configuration in force. Called by one thread at a time; what the hosts counted is kept. */
    synchronized void update(Cluster next, Endpoints listed) {
        boolean same = next.equals(cluster) && listed.equals(endpoints);
        TlsContext t = tls;
        if (next.tls().isEmpty()) {
            tls = null;
        } else if (t == null || !t.settings().equals(next.tls().get())) {
            tls = TlsContext.load(next.tls().get());
        }
        cluster = next;
        endpoints = listed;
        givenPort = givenPort(listed);
        ClusterDns d = dns;
        boolean named = next.discovery() == Discovery.STRICT_DNS || next.discovery() == Discovery.LOGICAL_DNS;
        if (named && d == null) {
            d = new ClusterDns(resolver, stats, nanos, this::regroup);
            dns = d;
        }
        if (d != null) {
            d.names(named ? listed : Endpoints.none(next.name()), next);
        }
        if (!same || named) {
            regroup();
        }
    }

    /** How a destination that the client named is reached; matters to {@link Discovery#ORIGINAL_DST} only. */
    void reach(OriginalDestinations.Reach reach) {
        if (cluster.discovery() == Discovery.ORIGINAL_DST) {
            destinations.reach(reach);
        }
    }

    /** @param task closes idle connections to a host, on all event loops */
    void onStarving(Consumer<HostState> task) {
        freeIdle = task;
    }

    void freeIdle(HostState h) {
        freeIdle.accept(h);
    }

    /** Names have new addresses, or the configuration has other endpoints. */
    private synchronized void regroup() {
        Map<String, HostState> known = new HashMap<>();
        for (HostState h : hosts) {
            known.put(HostState.key(h.endpoint()), h);
        }
        List<HostTable.Group> next = new ArrayList<>();
        List<HostState> all = new ArrayList<>();
        Set<HostState> kept = new HashSet<>();
        long now = nanos.getAsLong();
        ClusterDns d = dns;
        for (LocalityEndpoints l : endpoints.localities()) {
            List<HostState> members = new ArrayList<>(l.endpoints().size());
            for (Endpoint configured : l.endpoints()) {
                for (Endpoint e : d == null ? List.of(configured) : d.expand(configured)) {
                    HostState h = known.get(HostState.key(e));
                    if (h == null) {
                        h = new HostState(e, l.priority(), now);
                        known.put(HostState.key(e), h);
                    } else {
                        h.update(e, l.priority());
                    }
                    if (kept.add(h)) {
                        members.add(h);
                        all.add(h);
                    }
                }
            }
            next.add(new HostTable.Group(l.priority(), l.weight(), List.copyOf(members)));
        }
        List<HostState> before = hosts;
        groups = List.copyOf(next);
        hosts = List.copyOf(all);
        for (HostState h : before) {
            if (!kept.contains(h)) {
                outliers.removed(h);
                h.remove();
                onRemoved.accept(h);
            }
        }
        rebuild();
        while (changes.get() != 0) {
            // An event loop that ejects a host at this moment finishes the work.
            Thread.onSpinWait();
        }
    }

    /** Makes the table anew; without a lock: who comes second leaves the work to the first. */
    private void rebuild() {
        if (changes.getAndIncrement() != 0) {
            return;
        }
        int seen;
        do {
            seen = changes.get();
            table = make();
        } while (!changes.compareAndSet(seen, 0));
    }

    private HostTable make() {
        HostTable t = HostTable.build(cluster, groups, nanos);
        ClusterDns d = dns;
        return t.total() == 0 && d != null && !endpoints.localities().isEmpty() ? HostTable.empty(d.whyEmpty()) : t;
    }

    /** Work that is due from time to time, by one thread: hosts come back, warm up, are forgotten, are looked up. */
    void tick() {
        HostTable t = table;
        if (t.warming(nanos.getAsLong()) != warmingSeen) {
            warmingSeen = !warmingSeen;
            rebuild();
        }
        ClusterDns d = dns;
        if (d != null) {
            d.refresh();
        }
        destinations.sweep().forEach(onRemoved);
        names.sweep().forEach(onRemoved);
    }

    /** Files of TLS may have changed; asked every few seconds by the thread that does the upkeep. */
    void refreshFiles() {
        TlsContext t = tls;
        if (t != null) {
            tls = t.refreshed();
        }
    }

    /** One interval of outlier detection is over. */
    void outlierInterval() {
        outliers.interval();
    }

    /** The cluster left the configuration: nobody waits any longer. */
    void retire() {
        ClusterDns d = dns;
        if (d != null) {
            d.close();
        }
    }

    /** Chooses an endpoint; null when there is none, with the reason in {@code p}. Allocates nothing. */
    public @Nullable HostState pick(Pick p) {
        HostState h = switch (cluster.discovery()) {
            case ORIGINAL_DST -> {
                IpAddress ip = p.destination();
                int given = givenPort;
                yield ip == null || p.destinationPort() <= 0
                        ? p.none(Skip.NO_DESTINATION)
                        : destinations.find(ip, given > 0 ? given : p.destinationPort(), p);
            }
            case DYNAMIC_DNS -> {
                var authority = p.authority();
                yield authority == null || authority.isEmpty() ? p.none(Skip.NO_DESTINATION) : names.find(authority, p);
            }
            default -> listed(p);
        };
        if (h == null && p.none() != Skip.NOT_RESOLVED) {
            stats.noHealthyHost.increment();
        }
        return h;
    }

    private @Nullable HostState listed(Pick p) {
        HostState ofSession = p.bound() ? ofSession(p.session()) : null;
        if (ofSession != null) {
            p.forget();
            return ofSession;
        }
        HostState h = table.pick(p);
        if (p.panic()) {
            stats.panicPicks.increment();
        }
        ClusterDns d = dns;
        if (h == null && d != null) {
            p.waiters(d.waiters());
        }
        return h;
    }

    /** The endpoint of a session, if it may take requests now. */
    private @Nullable HostState ofSession(long id) {
        List<HostState> all = hosts;
        for (int i = 0; i < all.size(); i++) {
            HostState h = all.get(i);
            if (h.sessionId() == id) {
                return h.exclusion() == null ? h : null;
            }
        }
        return null;
    }

    /** An answer of the host: its status, or that of gRPC as HTTP would say it. */
    public void answered(HostState h, int status) {
        outliers.status(h, status);
    }

    /** A try ended without an answer. */
    public void failed(HostState h, Reset reason) {
        outliers.failure(h, reason);
    }

    /** A connection to the host was made. */
    public void connected(HostState h) {
        outliers.connected(h);
    }

    /** Hosts that outlier detection keeps away at the moment. */
    public int ejected() {
        return outliers.ejected();
    }

    /** Destinations and names that requests asked for. */
    public int onDemandSize() {
        return destinations.size() + names.size();
    }

    /** Why a host gets no traffic at the moment; null when it gets some. */
    public @Nullable Skip why(HostState h) {
        return table.why(h);
    }

    /** Percent of the traffic that a priority gets. */
    public int percent(int priority) {
        return table.percent(priority);
    }

    public int priorities() {
        return table.priorities();
    }

    /** Whether a priority uses unhealthy hosts too, because too few are healthy. */
    public boolean panic(int priority) {
        return table.panic(priority);
    }
}
