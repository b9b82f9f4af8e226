package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;

/** The client: per event loop one pool per target, so that nothing is shared between threads but the TLS context. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class PoolingHboneClient implements HboneClient {
    private static final long CLOSE_NANOS = 1_000_000_000;

    private final ClientSettings settings;
    private final ClientTls tls;
    private final Map<EventLoop, LoopPools> loops = new ConcurrentHashMap<>();
    private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();
    private volatile boolean shutdown;

    PoolingHboneClient(ClientSettings settings) {
        this.settings = settings;
        this.tls = new ClientTls(settings);
        settings.metrics()
                .level(HboneMetrics.Level.CONNECTIONS, open::size)
                .level(HboneMetrics.Level.TUNNELS, this::tunnels)
                .level(HboneMetrics.Level.POOLS, () -> sum(pool -> 1))
                .level(HboneMetrics.Level.TUNNELS_WAITING, () -> sum(TargetPool::waiting));
    }

    private long tunnels() {
        long sum = 0;
        for (ClientConnection each : open) {
            sum += each.mux().tunnels();
        }
        return sum;
    }

    ClientSettings settings() {
        return settings;
    }

    boolean isShutdown() {
        return shutdown;
    }

    void opened(ClientConnection connection) {
        open.add(connection);
        if (shutdown) {
            connection.retire();
        }
    }

    void closed(ClientConnection connection) {
        open.remove(connection);
    }

    @Override
    public Future<Channel> open(EventLoop loop, TunnelTarget target, ChannelHandler handler) {
        if (!loop.inEventLoop()) {
            throw new IllegalStateException("open(...) must be called on the event loop of the tunnel");
        }
        Promise<Channel> promise = loop.newPromise();
        if (shutdown) {
            return promise.setFailure(new TunnelException(
                    TunnelException.Kind.CONNECTION_CLOSED, 0, "the HBONE client is shutting down"));
        }
        TargetPool pool = loops.computeIfAbsent(loop, LoopPools::new).pool(target);
        pool.open(new PendingTunnel(pool::reopen, target, handler, promise));
        return promise;
    }

    @Override
    public Future<Channel> openThrough(Channel outer, TunnelTarget inner, ChannelHandler handler) {
        EventLoop loop = outer.eventLoop();
        if (!loop.inEventLoop()) {
            throw new IllegalStateException("openThrough(...) must be called on the event loop of the outer tunnel");
        }
        Promise<Channel> promise = loop.newPromise();
        PendingTunnel tunnel = new PendingTunnel(retried -> false, inner, handler, promise);
        connector(loop)
                .connectOver(
                        outer,
                        inner,
                        connection -> {
                            opened(connection);
                            connection.mux().drain().closed().addListener(done -> closed(connection));
                            // Ends, with the outer tunnel, when its only tunnel does.
                            connection.mux().onTunnelClosed(connection::retire);
                            if (!tunnel.openOn(connection, settings.answerTimeoutMillis())) {
                                tunnel.fail(connection.closedBeforeOpen(inner));
                                connection.retire();
                            }
                        },
                        tunnel::fail);
        return promise;
    }

    private ClientConnector connector(EventLoop loop) {
        return loops.computeIfAbsent(loop, LoopPools::new).connector;
    }

    @Override
    public int connections() {
        return open.size();
    }

    @Override
    public HboneMetrics metrics() {
        return settings.metrics();
    }

    private long sum(ToIntFunction<TargetPool> value) {
        long sum = 0;
        for (LoopPools each : loops.values()) {
            for (TargetPool pool : each.pools.values()) {
                sum += value.applyAsInt(pool);
            }
        }
        return sum;
    }

    @Override
    public void shutdown(long graceMillis) {
        shutdown = true;
        for (ClientConnection connection : open) {
            EventLoop loop = connection.mux().loop();
            loop.execute(() -> {
                connection.retire();
                loop.schedule(connection.mux()::close, graceMillis, TimeUnit.MILLISECONDS);
            });
        }
    }

    @Override
    public void close() {
        shutdown = true;
        List<ChannelFuture> closing = new ArrayList<>();
        for (ClientConnection connection : open) {
            EventLoop loop = connection.mux().loop();
            if (!loop.isShutdown()) {
                loop.execute(connection.mux()::close);
            }
            if (!loop.inEventLoop()) {
                closing.add(connection.mux().channel().closeFuture());
            }
        }
        long end = System.nanoTime() + CLOSE_NANOS;
        for (ChannelFuture each : closing) {
            each.awaitUninterruptibly(Math.max(1, (end - System.nanoTime()) / 1_000_000));
        }
        tls.close();
    }

    private final class LoopPools {
        private final ClientConnector connector;
        // Changed by the loop only; the metrics read it from elsewhere.
        private final Map<TunnelTarget, TargetPool> pools = new ConcurrentHashMap<>();

        LoopPools(EventLoop loop) {
            this.connector = new ClientConnector(loop, settings, tls);
        }

        TargetPool pool(TunnelTarget target) {
            TunnelTarget key =
                    new TunnelTarget(target.address(), target.identities(), target.sourceKey(), "", List.of());
            TargetPool pool = pools.get(key);
            if (pool == null) {
                pool = new TargetPool(PoolingHboneClient.this, connector, key, () -> pools.remove(key));
                pools.put(key, pool);
            }
            return pool;
        }
    }
}
