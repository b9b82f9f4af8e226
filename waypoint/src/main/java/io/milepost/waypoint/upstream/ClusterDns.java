package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.Dns;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.upstream.NameResolver.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The names among a cluster's endpoints and the addresses they have. A failed lookup leaves the last addresses in use, an
 * answer without addresses removes them; both are asked again after the refresh time.
 */
final class ClusterDns {
    private static final class Name {
        volatile List<IpAddress> addresses = List.of();
        volatile boolean answered;
        volatile boolean failed;
        volatile boolean looking;
        volatile long refreshAtNanos;
    }

    private final Map<String, Name> names = new ConcurrentHashMap<>();
    private final NameResolver resolver;
    private final ClusterStats stats;
    private final LongSupplier nanos;
    private final Runnable changed;
    private final Waiters waiters;
    private volatile Dns settings = Dns.DEFAULT;
    private volatile boolean logical;
    private volatile boolean closed;

    /** @param changed called when addresses changed, on any thread */
    ClusterDns(NameResolver resolver, ClusterStats stats, LongSupplier nanos, Runnable changed) {
        this.resolver = resolver;
        this.stats = stats;
        this.nanos = nanos;
        this.changed = changed;
        this.waiters = new Waiters(stats);
    }

    /** Which names are wanted from now on; new ones are looked up at once. */
    void names(Endpoints listed, Cluster c) {
        settings = c.transport().dns();
        logical = c.discovery() == Discovery.LOGICAL_DNS;
        List<String> wanted = new ArrayList<>();
        for (LocalityEndpoints l : listed.localities()) {
            for (Endpoint e : l.endpoints()) {
                if (IpAddress.parse(e.address()).isEmpty()) {
                    wanted.add(e.address());
                }
            }
        }
        names.keySet().retainAll(wanted);
        for (String n : wanted) {
            names.computeIfAbsent(n, x -> new Name());
        }
        refresh();
    }

    /** Looks up what is due. */
    void refresh() {
        long now = nanos.getAsLong();
        names.forEach((text, n) -> {
            if (!closed && !n.looking && (!n.answered && !n.failed || now - n.refreshAtNanos >= 0)) {
                n.looking = true;
                stats.lookups.increment();
                resolver.resolve(text, settings.family(), a -> answered(n, a));
            }
        });
    }

    private void answered(Name n, Answer a) {
        long now = nanos.getAsLong();
        List<IpAddress> before = n.addresses;
        boolean first = !n.answered && !n.failed;
        long refresh = settings.refreshMillis();
        switch (a) {
            case Answer.Found f -> {
                n.addresses = f.addresses();
                n.answered = true;
                n.failed = false;
                refresh = settings.respectTtl() && f.ttlMillis() > 0 ? f.ttlMillis() : refresh;
            }
            case Answer.Missing m -> {
                n.addresses = List.of();
                n.answered = true;
                n.failed = false;
            }
            case Answer.Failed f -> {
                stats.lookupFailures.increment();
                n.failed = true;
                refresh = Math.min(refresh, 5_000);
            }
        }
        n.refreshAtNanos = now + Math.max(1_000, refresh) * 1_000_000;
        n.looking = false;
        if (closed) {
            return;
        }
        if (first || !before.equals(n.addresses)) {
            changed.run();
        }
        if (!unknown()) {
            waiters.release();
        }
    }

    private boolean unknown() {
        for (Name n : names.values()) {
            if (!n.answered && !n.failed) {
                return true;
            }
        }
        return false;
    }

    /** The endpoints that a configured one stands for: itself, or one for each address of its name. */
    List<Endpoint> expand(Endpoint e) {
        Name n = names.get(e.address());
        if (n == null) {
            return IpAddress.parse(e.address()).isEmpty() ? List.of() : List.of(e);
        }
        List<IpAddress> all = n.addresses;
        if (logical && !all.isEmpty()) {
            // One host with all its addresses, as Envoy: what does not answer is passed over.
            return List.of(at(e, all.getFirst())
                    .withMore(all.stream().skip(1).map(IpAddress::toString).toList()));
        }
        List<Endpoint> out = new ArrayList<>(all.size());
        for (IpAddress ip : all) {
            out.add(at(e, ip));
        }
        return out;
    }

    private static Endpoint at(Endpoint e, IpAddress ip) {
        return new Endpoint(
                ip.toString(), e.port(), Optional.empty(), e.weight(), e.health(), e.workload(), e.metadata());
    }

    Skip whyEmpty() {
        boolean failed = false;
        for (Name n : names.values()) {
            if (!n.answered && !n.failed) {
                return Skip.NOT_RESOLVED;
            }
            failed |= n.failed;
        }
        return failed ? Skip.DNS_FAILED : Skip.NO_ENDPOINTS;
    }

    Waiters waiters() {
        return waiters;
    }

    void close() {
        closed = true;
        waiters.release();
    }
}
