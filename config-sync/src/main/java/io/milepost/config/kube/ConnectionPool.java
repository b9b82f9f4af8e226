package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Http2Keepalive;
import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.TcpKeepalive;
import io.milepost.mesh.Cluster.Transport;
import java.util.Optional;

/**
 * {@code connectionPool} and {@code retryBudget} for one port.
 *
 * @param http2 HTTP/2 is asked for although the port is declared as HTTP
 * @param tcpIdleMillis -1 when nobody said anything
 */
record ConnectionPool(
        Limits limits,
        boolean clientProtocol,
        boolean http2,
        long connectTimeoutMillis,
        long idleTimeoutMillis,
        long tcpIdleMillis,
        long maxConnectionMillis,
        Optional<TcpKeepalive> tcpKeepalive,
        Optional<Http2Keepalive> http2Keepalive) {
    private static final long HOUR = 3_600_000;

    static ConnectionPool read(
            Optional<Fields> pool, Optional<Fields> budget, Port port, boolean asHttp, MeshConfig mesh) {
        boolean declared = port.protocol().speaksHttp() && port.protocol() != PortProtocol.AUTO;
        if (pool.isEmpty() && budget.isEmpty()) {
            return unwritten(asHttp && mesh.http2Upgrade() && declared, mesh);
        }
        Optional<Fields> tcp = pool.map(p -> p.at("tcp")).filter(Fields::exists);
        Optional<Fields> http = pool.map(p -> p.at("http")).filter(Fields::exists);
        String upgrade = http.map(h -> h.text("h2UpgradePolicy", "DEFAULT")).orElse("DEFAULT");
        boolean h2 = upgrade.equals("UPGRADE") || upgrade.equals("DEFAULT") && mesh.http2Upgrade() && declared;
        Optional<Long> tcpIdle = tcp.filter(t -> t.has("idleTimeout")).map(t -> t.millis("idleTimeout", HOUR));
        Optional<Long> idle = http.filter(h -> h.has("idleTimeout")).map(h -> h.millis("idleTimeout", HOUR));
        boolean multiplexed = port.protocol() == PortProtocol.HTTP2
                || port.protocol() == PortProtocol.GRPC
                || port.protocol() == PortProtocol.GRPC_WEB;
        http.filter(h -> asHttp && !multiplexed).ifPresent(ConnectionPool::warnAboutHttp2);
        return new ConnectionPool(
                limits(tcp, http, budget, multiplexed),
                asHttp && http.map(h -> h.bool("useClientProtocol", false)).orElse(false),
                asHttp && h2,
                tcp.map(t -> t.millis("connectTimeout", mesh.connectTimeoutMillis()))
                        .orElse(mesh.connectTimeoutMillis()),
                idle.or(() -> tcpIdle).orElse(HOUR),
                tcpIdle.orElse(-1L),
                tcp.map(t -> t.millis("maxConnectionDuration", 0)).orElse(0L),
                tcp.flatMap(t -> t.maybe("tcpKeepalive"))
                        .map(ConnectionPool::keepalive)
                        .or(mesh::tcpKeepalive),
                http.filter(h -> multiplexed)
                        .flatMap(h -> h.maybe("http2KeepAlive").or(() -> h.maybe("http2Keepalive")))
                        .map(k -> new Http2Keepalive(k.millis("interval", 0), k.millis("timeout", 0))));
    }

    /** As of an object without fields: most services have none. */
    private static ConnectionPool unwritten(boolean http2, MeshConfig mesh) {
        return new ConnectionPool(
                Limits.NONE,
                false,
                http2,
                mesh.connectTimeoutMillis(),
                HOUR,
                -1,
                0,
                mesh.tcpKeepalive(),
                Optional.empty());
    }

    private static void warnAboutHttp2(Fields http) {
        for (String f : new String[] {"maxConcurrentStreams", "http2KeepAlive", "http2Keepalive"}) {
            if (http.has(f)) {
                http.warn(f, "counts only on ports that are declared as HTTP/2 or gRPC: name the port http2 or grpc");
                http.skip(f);
            }
        }
    }

    static TcpKeepalive keepalive(Fields k) {
        return new TcpKeepalive(
                k.integer("probes", 0), (int) (k.millis("time", 0) / 1000), (int) (k.millis("interval", 0) / 1000));
    }

    private static Limits limits(
            Optional<Fields> tcp, Optional<Fields> http, Optional<Fields> budget, boolean multiplexed) {
        return new Limits(
                limit(tcp, "maxConnections"),
                limit(http, "http1MaxPendingRequests"),
                limit(http, "http2MaxRequests"),
                limit(http, "maxRetries"),
                http.map(h -> h.integer("maxRequestsPerConnection", 0)).orElse(0),
                multiplexed
                        ? http.map(h -> h.integer("maxConcurrentStreams", 0)).orElse(0)
                        : 0,
                budget.map(ConnectionPool::budget));
    }

    private static Limits.RetryBudget budget(Fields b) {
        if (b.has("budgetInterval")) {
            b.info("budgetInterval", "is not needed: requests that are active count");
            b.skip("budgetInterval");
        }
        int least = b.integer("minRetryConcurrency", 0);
        return new Limits.RetryBudget(b.decimal("percent", 20), least > 0 ? least : 3);
    }

    /** Nothing and 0 are no limit. */
    private static int limit(Optional<Fields> f, String name) {
        int n = f.map(x -> x.integer(name, 0)).orElse(0);
        return n > 0 ? n : Integer.MAX_VALUE;
    }

    /** What the client speaks has precedence; where HTTP/2 is asked for it is spoken on undeclared ports, too. */
    Cluster.Protocol protocol(Cluster.Protocol declared) {
        if (declared == Cluster.Protocol.TCP) {
            return declared;
        }
        if (clientProtocol) {
            return Cluster.Protocol.CLIENT;
        }
        return http2 ? Cluster.Protocol.HTTP2 : declared;
    }

    Transport transport(Cluster.Dns dns) {
        Transport d = Transport.DEFAULT;
        return new Transport(
                maxConnectionMillis,
                tcpIdleMillis < 0 ? d.tcpIdleMillis() : tcpIdleMillis,
                tcpKeepalive,
                http2Keepalive,
                dns);
    }
}
