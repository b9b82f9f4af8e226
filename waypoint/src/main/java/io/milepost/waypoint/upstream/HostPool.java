package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.waypoint.codec.UpstreamStream.Listener;
import io.milepost.waypoint.upstream.LoopPools.Ready;
import io.milepost.waypoint.upstream.LoopPools.Waiting;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections of one protocol to one host, and the requests that wait for them. As Envoy: a request without a connection
 * waits, each waiting request may open one; when opening fails, everybody who waits hears of it.
 */
abstract class HostPool {
    private static final Logger log = LoggerFactory.getLogger(HostPool.class);

    /** Beyond any configured limit. */
    static final int MAX_PENDING = 16_384;

    /** Connections that only one client may use are not worth keeping for long. */
    private static final long OWN_IDLE_MILLIS = 30_000;

    final EventLoop loop;
    final ClusterState cluster;
    final HostState host;
    private final Connector connector;
    private final Traits traits;
    private final Optional<Tunnel> tunnel;
    private final ArrayDeque<Waiting> pending = new ArrayDeque<>();
    private Cluster made;
    private int connections;
    private int connecting;
    private boolean draining;
    private boolean starved;
    private boolean failing;

    HostPool(EventLoop loop, Connector connector, ClusterState cluster, HostState host, Traits traits) {
        this.loop = loop;
        this.connector = connector;
        this.cluster = cluster;
        this.host = host;
        this.traits = traits;
        this.tunnel = host.endpoint().tunnel();
        this.made = cluster.cluster();
    }

    /** Whether the connections are still made as the configuration says. */
    boolean fits() {
        Cluster now = cluster.cluster();
        if (!now.equals(made)) {
            if (!now.tls().equals(made.tls())
                    || !now.proxyProtocol().equals(made.proxyProtocol())
                    || !now.transport().tcpKeepalive().equals(made.transport().tcpKeepalive())) {
                return false;
            }
        }
        made = now;
        return tunnel.equals(host.endpoint().tunnel()) && !draining;
    }

    /** Serves at once or lets wait. */
    @Nullable
    Waiting open(Listener listener, Ready ready) {
        if (tryServe(listener, ready)) {
            return null;
        }
        if (pending.size() >= MAX_PENDING) {
            cluster.stats().pendingOverflow.increment();
            ready.onFailure(Reset.OVERFLOW, "");
            return null;
        }
        if (!cluster.limits().pending()) {
            ready.onFailure(Reset.OVERFLOW, "");
            return null;
        }
        Waiting w = new Waiting(this, listener, ready);
        pending.addLast(w);
        grow();
        return pending.contains(w) ? w : null;
    }

    /** Gives a connection that can take the request now; answers the request also when a limit forbids it. */
    abstract boolean tryServe(Listener listener, Ready ready);

    /** A handler for a new connection; {@link #opened} gets it back with its channel. */
    abstract Object fresh();

    abstract ChannelHandler handler(Object fresh);

    /** The connection is there: it serves who waits. */
    abstract void opened(Object fresh, Channel channel);

    /** How many requests one connection that is being opened will serve. */
    abstract int streamsPerConnection();

    abstract void sweep(long now);

    abstract void closeIdle();

    /** Serves who waits as far as connections and limits allow. */
    void serve() {
        Waiting w;
        while ((w = pending.peekFirst()) != null && hasRoom()) {
            pending.pollFirst();
            cluster.limits().pendingDone();
            if (!tryServe(w.listener, w.ready)) {
                w.ready.onFailure(Reset.CONNECTION_TERMINATION, "");
            }
        }
        grow();
    }

    /** Whether {@link #tryServe} would find a connection. */
    abstract boolean hasRoom();

    int waiting() {
        return pending.size();
    }

    void cancel(Waiting w) {
        if (pending.remove(w)) {
            cluster.limits().pendingDone();
        }
    }

    private void grow() {
        while ((long) connecting * streamsPerConnection() < pending.size()) {
            if (!cluster.limits().connection(mustConnect())) {
                starve();
                return;
            }
            connect();
        }
    }

    /** Whether requests would wait for ever without a connection beyond the limit. */
    abstract boolean mustConnect();

    int connections() {
        return connections;
    }

    /** Other event loops have the connections: theirs that are idle close, and this one tries again. */
    private void starve() {
        if (!starved && connections == 0) {
            starved = true;
            cluster.limits().starving(() -> {
                if (!loop.isShuttingDown()) {
                    loop.execute(() -> {
                        starved = false;
                        grow();
                    });
                }
            });
            cluster.freeIdle(host);
        }
    }

    private void connect() {
        connections++;
        connecting++;
        host.connections().incrementAndGet();
        cluster.stats().connections.increment();
        Object fresh = fresh();
        connector.connect(loop, cluster, host, traits, handler(fresh)).addListener((Future<Channel> f) -> {
            connecting--;
            if (f.isSuccess()) {
                failing = false;
                f.getNow().closeFuture().addListener(c -> {
                    gone();
                    grow();
                });
                cluster.connected(host);
                opened(fresh, f.getNow());
            } else {
                gone();
                failed(f.cause());
            }
        });
    }

    private void failed(Throwable cause) {
        Reset reason = Connector.reason(cause);
        (reason == Reset.CONNECT_TIMEOUT ? cluster.stats().connectTimeouts : cluster.stats().connectFailures)
                .increment();
        List<Waiting> all = List.copyOf(pending);
        pending.clear();
        if (!failing) {
            // Once until the endpoint answers again: the access log has only Envoy's words for it.
            failing = true;
            log.warn(
                    "endpoint {} of {}: {}",
                    host.endpoint().hostPort(),
                    cluster.cluster().name(),
                    cause.getMessage());
        }
        String detail = Connector.transportText(cause);
        for (Waiting w : all) {
            cluster.limits().pendingDone();
            w.ready.onFailure(reason, detail);
        }
    }

    private void gone() {
        connections--;
        host.connections().decrementAndGet();
        cluster.limits().connectionClosed();
    }

    /** No further requests; busy connections close when theirs are over. */
    void drain() {
        draining = true;
        closeIdle();
    }

    boolean draining() {
        return draining;
    }

    boolean isEmpty() {
        return connections == 0 && pending.isEmpty();
    }

    long idleNanos() {
        long millis = cluster.cluster().idleTimeoutMillis();
        long limit = traits.source() == null ? millis : Math.min(millis, OWN_IDLE_MILLIS);
        return limit <= 0 ? Long.MAX_VALUE : limit * 1_000_000;
    }

    /** Applications close what is idle, seldom after less than this. */
    private static final long RESTED_NANOS = 1_500_000_000L;

    static boolean rested(int requests, long usedAtNanos) {
        return requests > 0 && System.nanoTime() - usedAtNanos >= RESTED_NANOS;
    }

    /** Whether a connection has lived or served long enough. */
    boolean worn(long openedAtNanos, int requests, long now) {
        int most = cluster.cluster().limits().requestsPerConnection();
        if (most > 0 && requests >= most) {
            cluster.stats().connectionMaxRequests.increment();
            return true;
        }
        long longest = cluster.cluster().transport().maxConnectionMillis();
        if (longest > 0 && now - openedAtNanos >= longest * 1_000_000) {
            cluster.stats().connectionMaxDuration.increment();
            return true;
        }
        return draining;
    }
}
