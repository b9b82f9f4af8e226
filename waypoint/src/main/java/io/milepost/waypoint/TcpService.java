package io.milepost.waypoint;

import io.milepost.mesh.TcpChain;
import io.milepost.policy.CompiledPolicies;
import io.milepost.waypoint.exchange.HttpService.LogSink;
import io.milepost.waypoint.observe.TrafficMetrics;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A {@link TcpChain}, compiled. */
final class TcpService {
    private final TcpChain chain;
    private final CompiledPolicies policies;
    private final LogSink log;
    private final @Nullable TrafficMetrics metrics;

    /** @param metrics null when they are disabled */
    TcpService(TcpChain chain, LogSink log, @Nullable TrafficMetrics metrics) {
        this.metrics = metrics;
        this.chain = chain;
        this.policies = CompiledPolicies.compile(chain.policies());
        this.log = log;
    }

    TcpChain chain() {
        return chain;
    }

    CompiledPolicies policies() {
        return policies;
    }

    @Nullable
    TrafficMetrics metrics() {
        return metrics;
    }

    LogSink log() {
        return log;
    }

    /** Whether the client's first bytes decide where its connection goes. */
    boolean looksAtServerNames() {
        return !chain.sniRoutes().isEmpty();
    }

    /** A cluster by weight; null when there is none. */
    @Nullable
    String pick(SplittableRandom random, ClientHello.Seen hello) {
        return pick(random, hello.tls() ? backends(hello.serverName()) : chain.backends());
    }

    private List<TcpChain.Backend> backends(String serverName) {
        for (TcpChain.SniRoute r : chain.sniRoutes()) {
            if (r.hostnames().isEmpty() || matches(r.hostnames(), serverName)) {
                return r.backends();
            }
        }
        return chain.backends();
    }

    private static boolean matches(List<String> hostnames, String serverName) {
        for (String h : hostnames) {
            if (h.startsWith("*.")
                    ? serverName.length() > h.length() - 1 && serverName.endsWith(h.substring(1))
                    : h.equals(serverName)) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable String pick(SplittableRandom random, List<TcpChain.Backend> all) {
        if (all.size() == 1) {
            return all.getFirst().cluster();
        }
        long total = 0;
        for (TcpChain.Backend b : all) {
            total += b.weight();
        }
        if (total <= 0) {
            return null;
        }
        long at = random.nextLong(total);
        for (TcpChain.Backend b : all) {
            at -= b.weight();
            if (at < 0) {
                return b.cluster();
            }
        }
        return null;
    }
}
