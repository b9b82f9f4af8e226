package io.milepost.config.xds;

import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.milepost.mesh.TcpChain;
import java.util.ArrayList;
import java.util.List;

/** A TCP proxy to a TCP chain. */
final class TcpChainReader {
    /** Envoy's 0 is "never"; the model's 0 is the default, so "never" is a year. */
    private static final long NEVER = 365L * 24 * 3_600_000;

    private final Findings findings;

    TcpChainReader(Findings findings) {
        this.findings = findings;
    }

    TcpChain read(ChainName name, TcpProxy proxy, SecurityReader security) {
        String where = "chain " + name.name();
        List<TcpChain.Backend> backends = new ArrayList<>();
        switch (proxy.getClusterSpecifierCase()) {
            case CLUSTER -> backends.add(new TcpChain.Backend(proxy.getCluster(), 1));
            case WEIGHTED_CLUSTERS ->
                proxy.getWeightedClusters()
                        .getClustersList()
                        .forEach(c -> backends.add(new TcpChain.Backend(c.getName(), c.getWeight())));
            default -> findings.add(where, "the TCP proxy names no cluster: its connections are refused");
        }
        if (proxy.getHashPolicyCount() > 0) {
            findings.add(where, "hash_policy of TCP has no effect");
        }
        long idle = !proxy.hasIdleTimeout() ? 0 : Values.millis(proxy.getIdleTimeout());
        return new TcpChain(
                name.name(),
                name.host(),
                name.port(),
                backends,
                security.build(),
                new AccessLogReader(where, findings).read(proxy.getAccessLogList()),
                proxy.hasIdleTimeout() && idle == 0 ? NEVER : idle,
                Values.millis(proxy.getMaxDownstreamConnectionDuration()));
    }
}
