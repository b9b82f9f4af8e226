package io.milepost.waypoint.upstream;

import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Hosts of a cluster whose endpoint is the address that the client named. Made when first asked for; what is not used for
 * some seconds is forgotten. Shared by all event loops; a known destination is found without allocation.
 */
final class OriginalDestinations {
    static final int LIMIT = 4096;
    private static final long IDLE_NANOS = 10_000_000_000L;

    /** How a destination is reached. */
    @FunctionalInterface
    interface Reach {
        Endpoint endpoint(IpAddress ip, int port);
    }

    private static final class Known {
        final HostState host;
        final int port;
        volatile long usedAtNanos;

        Known(HostState host, int port, long now) {
            this.host = host;
            this.port = port;
            this.usedAtNanos = now;
        }
    }

    private final ConcurrentHashMap<IpAddress, List<Known>> byAddress = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();
    private final LongSupplier nanos;
    private final ClusterStats stats;
    private volatile Reach reach;

    OriginalDestinations(Reach reach, ClusterStats stats, LongSupplier nanos) {
        this.reach = reach;
        this.stats = stats;
        this.nanos = nanos;
    }

    @Nullable
    HostState find(IpAddress ip, int port, Pick p) {
        List<Known> list = byAddress.get(ip);
        if (list != null) {
            for (int i = 0; i < list.size(); i++) {
                Known k = list.get(i);
                if (k.port == port) {
                    k.usedAtNanos = nanos.getAsLong();
                    return k.host;
                }
            }
        }
        if (size.get() >= LIMIT) {
            stats.destinationOverflow.increment();
            return p.none(Skip.CACHE_FULL);
        }
        return add(ip, port);
    }

    private HostState add(IpAddress ip, int port) {
        long now = nanos.getAsLong();
        HostState[] result = new HostState[1];
        byAddress.compute(ip, (a, list) -> {
            List<Known> next = list == null ? new ArrayList<>(1) : new ArrayList<>(list);
            for (Known k : next) {
                if (k.port == port) {
                    result[0] = k.host;
                    return list;
                }
            }
            Known k = new Known(new HostState(reach.endpoint(ip, port), 0, now), port, now);
            result[0] = k.host;
            next.add(k);
            size.incrementAndGet();
            return List.copyOf(next);
        });
        return result[0];
    }

    /** Forgets what nobody uses; returns the hosts that are gone. */
    List<HostState> sweep() {
        long now = nanos.getAsLong();
        List<HostState> gone = new ArrayList<>();
        for (IpAddress ip : byAddress.keySet()) {
            byAddress.computeIfPresent(ip, (a, list) -> {
                List<Known> next = new ArrayList<>(list);
                next.removeIf(k -> {
                    boolean unused = now - k.usedAtNanos > IDLE_NANOS
                            && k.host.active().get() == 0
                            && k.host.connections().get() == 0;
                    if (unused) {
                        k.host.remove();
                        gone.add(k.host);
                        size.decrementAndGet();
                    }
                    return unused;
                });
                return next.isEmpty() ? null : List.copyOf(next);
            });
        }
        return gone;
    }

    /** Workloads changed: known hosts are reached as the new configuration says. */
    void reach(Reach next) {
        reach = next;
        byAddress.forEach((ip, list) -> list.forEach(k -> k.host.update(next.endpoint(ip, k.port), 0)));
    }

    List<HostState> hosts() {
        List<HostState> all = new ArrayList<>();
        byAddress.values().forEach(list -> list.forEach(k -> all.add(k.host)));
        return all;
    }

    int size() {
        return size.get();
    }
}
