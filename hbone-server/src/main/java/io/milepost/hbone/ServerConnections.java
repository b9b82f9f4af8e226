package io.milepost.hbone;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The open connections of a server; while it drains, also new ones drain. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ServerConnections {
    private final Set<TunnelMux> muxes = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private volatile boolean draining;
    private volatile long deadline;

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

    private void completeIfDrained() {
        if (draining && muxes.isEmpty()) {
            drained.complete(null);
        }
    }
}
