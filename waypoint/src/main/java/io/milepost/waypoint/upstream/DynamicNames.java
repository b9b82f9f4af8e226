package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.upstream.NameResolver.Answer;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Hosts of a wildcard ServiceEntry: named by the requests, looked up when first asked for, kept for their time to live and
 * forgotten when nobody asks any more. A known host is found without allocation.
 */
final class DynamicNames {
    /** Envoy's {@code max_hosts}. */
    static final int LIMIT = 1024;

    private static final long IDLE_NANOS = 300_000_000_000L;
    private static final long NEGATIVE_NANOS = 5_000_000_000L;

    /** One name with its port. */
    private static final class Name {
        final String host;
        final int port;
        final Waiters waiters;
        volatile @Nullable HostState state;
        volatile @Nullable Skip failure = Skip.NOT_RESOLVED;
        volatile long refreshAtNanos = Long.MAX_VALUE;
        volatile long usedAtNanos;
        volatile boolean looking;

        Name(String host, int port, long now, Waiters waiters) {
            this.waiters = waiters;
            this.host = host;
            this.port = port;
            this.usedAtNanos = now;
        }
    }

    private final ConcurrentHashMap<AsciiString, Name> names = new ConcurrentHashMap<>();
    private final Supplier<Cluster> cluster;
    private final NameResolver resolver;
    private final ClusterStats stats;
    private final LongSupplier nanos;
    private final IntSupplier defaultPort;

    DynamicNames(
            Supplier<Cluster> cluster,
            NameResolver resolver,
            ClusterStats stats,
            LongSupplier nanos,
            IntSupplier defaultPort) {
        this.cluster = cluster;
        this.resolver = resolver;
        this.stats = stats;
        this.nanos = nanos;
        this.defaultPort = defaultPort;
    }

    @Nullable
    HostState find(AsciiString authority, Pick p) {
        long now = nanos.getAsLong();
        Name n = names.get(authority);
        if (n == null) {
            n = add(authority, now);
            if (n == null) {
                stats.destinationOverflow.increment();
                return p.none(Skip.CACHE_FULL);
            }
        }
        n.usedAtNanos = now;
        if (now - n.refreshAtNanos >= 0) {
            look(n);
        }
        HostState s = n.state;
        if (s != null) {
            return s;
        }
        Skip f = n.failure;
        p.waiters(n.waiters);
        return p.none(f == null ? Skip.NOT_RESOLVED : f);
    }

    private @Nullable Name add(AsciiString authority, long now) {
        if (names.size() >= LIMIT) {
            return null;
        }
        String text = authority.toString();
        int colon = text.lastIndexOf(':');
        boolean port = colon > 0 && text.indexOf(']', colon) < 0 && text.indexOf(':') == colon;
        Name made = new Name(
                (port ? text.substring(0, colon) : text).toLowerCase(Locale.ROOT),
                port ? number(text, colon + 1) : defaultPort.getAsInt(),
                now,
                new Waiters(stats));
        Name known = names.putIfAbsent(authority, made);
        if (known == null) {
            look(made);
            return made;
        }
        return known;
    }

    private static int number(String text, int from) {
        int n = 0;
        for (int i = from; i < text.length(); i++) {
            int d = text.charAt(i) - '0';
            n = d < 0 || d > 9 || n > 65_535 ? 65_536 : n * 10 + d;
        }
        return n;
    }

    private void look(Name n) {
        synchronized (n) {
            if (n.looking) {
                return;
            }
            n.looking = true;
            n.refreshAtNanos = nanos.getAsLong() + NEGATIVE_NANOS;
        }
        Optional<IpAddress> literal = IpAddress.parse(n.host);
        if (n.port < 1 || n.port > 65_535) {
            answered(n, new Answer.Missing());
        } else if (literal.isPresent()) {
            answered(n, new Answer.Found(List.of(literal.get()), 86_400_000));
        } else {
            stats.lookups.increment();
            resolver.resolve(n.host, cluster.get().transport().dns().family(), a -> answered(n, a));
        }
    }

    private void answered(Name n, Answer a) {
        long now = nanos.getAsLong();
        switch (a) {
            case Answer.Found f
            when !f.addresses().isEmpty() -> {
                HostState s = n.state;
                if (s == null) {
                    n.state = new HostState(endpoint(n.port, "", f.addresses()), 0, now);
                } else {
                    s.update(endpoint(n.port, s.endpoint().address(), f.addresses()), 0);
                }
                n.failure = null;
                n.refreshAtNanos = now + Math.max(1_000, f.ttlMillis()) * 1_000_000;
            }
            case Answer.Failed f -> {
                stats.lookupFailures.increment();
                n.failure = Skip.DNS_FAILED;
                n.refreshAtNanos = now + NEGATIVE_NANOS;
            }
            default -> {
                stats.lookupFailures.increment();
                n.state = null;
                n.failure = Skip.DNS_FAILED;
                n.refreshAtNanos = now + NEGATIVE_NANOS;
            }
        }
        n.looking = false;
        n.waiters.release();
    }

    /** Servers rotate their answers: the address in use stays the first one as long as it is among them. */
    private static Endpoint endpoint(int port, String inUse, List<IpAddress> addresses) {
        List<String> all = new ArrayList<>();
        for (IpAddress ip : addresses) {
            all.add(ip.toString());
        }
        String first = all.contains(inUse) ? inUse : all.getFirst();
        all.remove(first);
        return new Endpoint(first, port, Optional.empty(), "").withMore(all);
    }

    /** Forgets what nobody asked for lately; returns the hosts that are gone. */
    List<HostState> sweep() {
        long now = nanos.getAsLong();
        List<HostState> gone = new ArrayList<>();
        names.values().removeIf(n -> {
            HostState s = n.state;
            boolean unused = now - n.usedAtNanos > IDLE_NANOS
                    && !n.looking
                    && (s == null || s.active().get() == 0);
            if (unused && s != null) {
                s.remove();
                gone.add(s);
            }
            return unused;
        });
        return gone;
    }

    List<HostState> hosts() {
        List<HostState> all = new ArrayList<>();
        for (Name n : names.values()) {
            HostState s = n.state;
            if (s != null) {
                all.add(s);
            }
        }
        return all;
    }

    int size() {
        return names.size();
    }
}
