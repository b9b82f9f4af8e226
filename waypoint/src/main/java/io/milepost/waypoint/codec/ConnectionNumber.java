package io.milepost.waypoint.codec;

import java.util.concurrent.atomic.AtomicLong;

/** Numbers of connections in logs: one row for those of clients and those to endpoints, as Envoy's. */
public final class ConnectionNumber {
    private static final AtomicLong LAST = new AtomicLong();

    private ConnectionNumber() {}

    public static long next() {
        return LAST.incrementAndGet();
    }
}
