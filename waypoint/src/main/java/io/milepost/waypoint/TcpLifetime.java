package io.milepost.waypoint;

import io.milepost.mesh.Cluster;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Ends a raw TCP connection that carried nothing for too long, or that has lived long enough. One event loop. */
final class TcpLifetime {
    /** The idle time is looked at in so many parts: it ends a connection at most one part late, and bytes cost nothing. */
    private static final int PARTS = 8;

    private final EventLoop loop;
    private final long partMillis;
    private final LongSupplier bytes;
    private final Consumer<String> end;
    private @Nullable ScheduledFuture<?> idle;
    private @Nullable ScheduledFuture<?> longest;
    private long seen;
    private int quietParts;
    private boolean stopped;

    private TcpLifetime(EventLoop loop, long idleMillis, LongSupplier bytes, Consumer<String> end) {
        this.loop = loop;
        this.partMillis = Math.max(1, idleMillis / PARTS);
        this.bytes = bytes;
        this.end = end;
    }

    /**
     * @param bytes carried so far, both ways
     * @param end told why the connection must be closed
     */
    static TcpLifetime start(EventLoop loop, Cluster.Transport t, LongSupplier bytes, Consumer<String> end) {
        TcpLifetime l = new TcpLifetime(loop, t.tcpIdleMillis(), bytes, end);
        if (t.tcpIdleMillis() > 0) {
            l.seen = bytes.getAsLong();
            l.watch();
        }
        if (t.maxConnectionMillis() > 0) {
            l.longest = loop.schedule(
                    () -> end.accept("max_connection_duration_reached"),
                    t.maxConnectionMillis(),
                    TimeUnit.MILLISECONDS);
        }
        return l;
    }

    private void watch() {
        idle = loop.schedule(
                () -> {
                    if (stopped) {
                        return;
                    }
                    long now = bytes.getAsLong();
                    quietParts = now == seen ? quietParts + 1 : 0;
                    seen = now;
                    if (quietParts >= PARTS) {
                        end.accept("idle_timeout");
                    } else {
                        watch();
                    }
                },
                partMillis,
                TimeUnit.MILLISECONDS);
    }

    void stop() {
        stopped = true;
        if (idle != null) {
            idle.cancel(false);
        }
        if (longest != null) {
            longest.cancel(false);
        }
    }
}
