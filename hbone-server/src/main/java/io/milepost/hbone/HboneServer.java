package io.milepost.hbone;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;

/** Listens for HBONE (Armeria owns the socket, TLS and HTTP/2). */
public interface HboneServer extends AutoCloseable {
    static HboneServerBuilder builder() {
        return new HboneServerBuilder();
    }

    /** Bound addresses. */
    java.util.List<InetSocketAddress> addresses();

    /** Open HBONE connections. */
    int connections();

    /** Open tunnels. */
    int tunnels();

    /** Counters and fill levels. */
    HboneMetrics metrics();

    /**
     * Drains: GOAWAY(2^31-1) on every connection, what still comes is answered, final GOAWAY, connections close when their
     * tunnels are gone or at the deadline. New connections are still accepted until the end (and drained alike).
     */
    CompletableFuture<Void> drain(long deadlineMillis);

    @Override
    void close();
}
