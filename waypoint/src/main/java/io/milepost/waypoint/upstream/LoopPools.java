package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.waypoint.codec.Http1ClientConnection;
import io.milepost.waypoint.codec.Http2ClientConnection;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.codec.UpstreamStream.Listener;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Connections to endpoints of one event loop: idle HTTP/1.1 connections last in first out, one h2c connection an endpoint.
 *
 * <p>Keyed by the endpoint as a whole (address, tunnel and expected identities): an address that another workload took
 * over never inherits a connection.
 */
public final class LoopPools {
    private static final int MAX_IDLE_PER_ENDPOINT = 64;

    private final EventLoop loop;
    private final Connector connector;
    private final Map<Key, Pool> pools = new HashMap<>();

    private record Key(String cluster, String hostPort, java.util.Optional<io.milepost.mesh.Endpoints.Tunnel> tunnel) {}

    public LoopPools(EventLoop loop, Connector connector) {
        this.loop = loop;
        this.connector = connector;
    }

    /** Takes what {@link #open} has: exactly one of the two is called, possibly at once. */
    public interface Ready {
        /** @param reused the connection carried requests before */
        void onStream(UpstreamStream stream, boolean reused);

        void onFailure(Reset reason, String detail);
    }

    /** Opens a stream for one attempt. */
    public void open(ClusterState cluster, HostState host, boolean http2, Listener listener, Ready ready) {
        Endpoint e = host.endpoint();
        Key key = new Key(cluster.cluster().name(), e.hostPort(), e.tunnel());
        Pool pool = pools.computeIfAbsent(key, k -> new Pool(k, e, cluster, host));
        if (http2) {
            pool.http2(listener, ready);
        } else {
            pool.http1(listener, ready);
        }
    }

    /** The endpoint left: its connections take no further requests. Called on any thread. */
    void drain(HostState host) {
        loop.execute(() -> {
            for (Pool p : pools.values().toArray(new Pool[0])) {
                if (p.host.equals(host)) {
                    p.closeIdle();
                }
            }
        });
    }

    /** Endpoints with connections. */
    public int size() {
        return pools.size();
    }

    /** Closes idle connections of endpoints that are no longer configured. */
    public void closeAll() {
        for (Pool p : pools.values().toArray(new Pool[0])) {
            p.closeIdle();
        }
    }

    private final class Pool implements Http1ClientConnection.Owner {
        private final Key key;
        private final Endpoint endpoint;
        private final HostState host;
        private final ClusterState cluster;
        private final ArrayDeque<Http1ClientConnection> idle = new ArrayDeque<>();
        private int connections;
        private @Nullable Http2ClientConnection h2;
        private @Nullable Future<Channel> h2Connecting;

        Pool(Key key, Endpoint endpoint, ClusterState cluster, HostState host) {
            this.host = host;
            this.key = key;
            this.endpoint = endpoint;
            this.cluster = cluster;
        }

        void http1(Listener listener, Ready ready) {
            Http1ClientConnection c;
            while ((c = idle.pollLast()) != null) {
                if (c.isActive()) {
                    c.begin(listener);
                    ready.onStream(c, true);
                    return;
                }
            }
            Http1ClientConnection fresh = new Http1ClientConnection(this);
            connections++;
            connector
                    .connect(loop, endpoint, cluster.cluster().connectTimeoutMillis(), fresh)
                    .addListener((Future<Channel> f) -> {
                        if (f.isSuccess()) {
                            fresh.begin(listener);
                            ready.onStream(fresh, false);
                        } else {
                            gone();
                            ready.onFailure(
                                    Connector.reason(f.cause()),
                                    String.valueOf(f.cause().getMessage()));
                        }
                    });
        }

        void http2(Listener listener, Ready ready) {
            Http2ClientConnection c = h2;
            if (c != null && c.usable()) {
                ready.onStream(c.open(listener), c.requests() > 1);
                return;
            }
            Future<Channel> connecting = h2Connecting;
            if (connecting == null) {
                Http2ClientConnection[] made = new Http2ClientConnection[1];
                Http2ClientConnection fresh = Http2ClientConnection.create(() -> {
                    if (h2 != null && h2.equals(made[0])) {
                        h2 = null;
                    }
                    gone();
                });
                made[0] = fresh;
                connections++;
                connecting =
                        connector.connect(loop, endpoint, cluster.cluster().connectTimeoutMillis(), fresh.handler());
                h2Connecting = connecting;
                connecting.addListener((Future<Channel> f) -> {
                    h2Connecting = null;
                    if (f.isSuccess()) {
                        h2 = fresh;
                    } else {
                        gone();
                    }
                });
            }
            connecting.addListener((Future<Channel> f) -> {
                Http2ClientConnection now = h2;
                if (f.isSuccess() && now != null && now.usable()) {
                    ready.onStream(now.open(listener), false);
                } else if (f.isSuccess()) {
                    ready.onFailure(Reset.CONNECTION_TERMINATION, "");
                } else {
                    ready.onFailure(
                            Connector.reason(f.cause()),
                            String.valueOf(f.cause().getMessage()));
                }
            });
        }

        @Override
        public void idle(Http1ClientConnection c) {
            int perConnection = cluster.cluster().limits().requestsPerConnection();
            if (idle.size() >= MAX_IDLE_PER_ENDPOINT || (perConnection > 0 && c.requests() >= perConnection)) {
                c.close();
                return;
            }
            idle.addLast(c);
            int seen = c.requests();
            loop.schedule(
                    () -> {
                        if (c.requests() == seen && idle.remove(c)) {
                            c.close();
                        }
                    },
                    Math.min(60_000, cluster.cluster().idleTimeoutMillis()),
                    TimeUnit.MILLISECONDS);
        }

        @Override
        public void closed(Http1ClientConnection c) {
            idle.remove(c);
            gone();
        }

        private void gone() {
            if (--connections == 0 && idle.isEmpty()) {
                pools.remove(key, this);
            }
        }

        void closeIdle() {
            Http1ClientConnection c;
            while ((c = idle.pollLast()) != null) {
                c.close();
            }
            Http2ClientConnection two = h2;
            if (two != null) {
                two.drain();
            }
        }
    }
}
