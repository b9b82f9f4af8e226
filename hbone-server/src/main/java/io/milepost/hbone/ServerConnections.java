package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The open connections of a server; while it drains, also new ones drain. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ServerConnections {
    private final Set<TunnelMux> muxes = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private final AtomicInteger sockets = new AtomicInteger();
    private final int maxSockets;
    private volatile boolean draining;
    private volatile long deadline;

    ServerConnections(int maxSockets) {
        this.maxSockets = maxSockets;
    }

    /** Counts the socket; closes it when there are too many, before it costs a handshake. */
    boolean admit(Channel socket) {
        if (sockets.incrementAndGet() > maxSockets) {
            sockets.decrementAndGet();
            // Without TIME_WAIT: whoever comes in such numbers comes again.
            socket.config().setOption(ChannelOption.SO_LINGER, 0);
            socket.close();
            return false;
        }
        socket.closeFuture().addListener(done -> sockets.decrementAndGet());
        return true;
    }

    void add(TunnelMux mux) {
        muxes.add(mux);
        mux.drain().closed().addListener(done -> {
            muxes.remove(mux);
            completeIfDrained();
        });
        if (draining) {
            startDrain(mux);
        }
    }

    int connections() {
        return muxes.size();
    }

    int tunnels() {
        int sum = 0;
        for (TunnelMux mux : muxes) {
            sum += mux.tunnels();
        }
        return sum;
    }

    CompletableFuture<Void> drain(long deadlineMillis) {
        if (!draining) {
            deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(deadlineMillis);
            draining = true;
            for (TunnelMux mux : muxes) {
                startDrain(mux);
            }
            completeIfDrained();
        }
        return drained;
    }

    private void startDrain(TunnelMux mux) {
        mux.loop().execute(() -> {
            mux.drain().start();
            var _ = mux.loop().schedule(mux::close, Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        });
    }

    /**
     * Closes all connections at once. Armeria's own end would wait without a limit for the tunnels of a connection that is
     * already closing.
     */
    void close() {
        for (TunnelMux mux : muxes) {
            if (!mux.loop().isShuttingDown()) {
                mux.loop().execute(mux::close);
            }
        }
    }

    private void completeIfDrained() {
        if (draining && muxes.isEmpty()) {
            drained.complete(null);
        }
    }
}
