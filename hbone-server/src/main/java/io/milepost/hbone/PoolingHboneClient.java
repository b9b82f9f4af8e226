package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The client: per event loop one pool per target, so that nothing is shared between threads but the TLS context. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class PoolingHboneClient implements HboneClient {
    private final ClientSettings settings;
    private final ClientTls tls;
    private final Map<EventLoop, LoopPools> loops = new ConcurrentHashMap<>();
    private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();
    private volatile boolean shutdown;

    PoolingHboneClient(ClientSettings settings) {
        this.settings = settings;
        this.tls = new ClientTls(settings);
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
        pool.open(new PendingTunnel(pool, target, handler, promise));
        return promise;
    }

    @Override
    public int connections() {
        return open.size();
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
        shutdown(0);
    }

    private final class LoopPools {
        private final ClientConnector connector;
        private final Map<TunnelTarget, TargetPool> pools = new HashMap<>();

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
