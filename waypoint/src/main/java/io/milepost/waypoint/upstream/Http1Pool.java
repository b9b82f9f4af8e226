package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.waypoint.codec.Http1ClientConnection;
import io.milepost.waypoint.codec.UpstreamStream.Listener;
import io.milepost.waypoint.upstream.LoopPools.Ready;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** HTTP/1.1: one request at a time on a connection; the one used last is used first, so that the others may close. */
final class Http1Pool extends HostPool {
    private static final int MAX_IDLE = 1024;

    private final ArrayDeque<Connection> idle = new ArrayDeque<>();

    Http1Pool(EventLoop loop, Connector connector, ClusterState cluster, HostState host, Traits traits) {
        super(loop, connector, cluster, host, traits);
    }

    private final class Connection implements Http1ClientConnection.Owner {
        final Http1ClientConnection http = new Http1ClientConnection(this);
        final long openedAtNanos = System.nanoTime();
        long idleAtNanos;

        @Override
        public void idle(Http1ClientConnection c) {
            idleAtNanos = System.nanoTime();
            if (worn(openedAtNanos, c.requests(), idleAtNanos) || idle.size() >= MAX_IDLE) {
                c.close();
                return;
            }
            if (waiting() == 0 && cluster.limits().isStarving()) {
                c.close();
                return;
            }
            idle.addLast(this);
            if (waiting() > 0) {
                serve();
            }
        }

        @Override
        public void closed(Http1ClientConnection c) {
            idle.remove(this);
        }
    }

    @Override
    boolean hasRoom() {
        Connection c;
        while ((c = idle.peekLast()) != null) {
            if (c.http.isActive()) {
                return true;
            }
            idle.pollLast();
        }
        return false;
    }

    @Override
    boolean tryServe(Listener listener, Ready ready) {
        if (!hasRoom()) {
            return false;
        }
        if (!cluster.limits().request()) {
            ready.onFailure(Reset.OVERFLOW, "");
            return true;
        }
        Connection c = idle.removeLast();
        boolean rested = rested(c.http.requests(), c.idleAtNanos);
        c.http.begin(listener);
        ready.onStream(c.http, rested);
        return true;
    }

    @Override
    Object fresh() {
        return new Connection();
    }

    @Override
    ChannelHandler handler(Object fresh) {
        return ((Connection) fresh).http;
    }

    @Override
    void opened(Object fresh, Channel channel) {
        Connection c = (Connection) fresh;
        c.idleAtNanos = System.nanoTime();
        idle.addLast(c);
        serve();
        if (draining()) {
            closeIdle();
        }
    }

    /** Connections of other event loops come free sooner or later. */
    @Override
    boolean mustConnect() {
        return host.connections().get() == 0;
    }

    @Override
    int streamsPerConnection() {
        return 1;
    }

    @Override
    void sweep(long now) {
        long limit = idleNanos();
        Connection c;
        // The oldest stand first.
        while ((c = idle.peekFirst()) != null && now - c.idleAtNanos >= limit) {
            idle.pollFirst();
            cluster.stats().connectionIdleTimeout.increment();
            c.http.close();
        }
        if (cluster.cluster().transport().maxConnectionMillis() > 0) {
            for (Connection old : idle.toArray(new Connection[0])) {
                if (worn(old.openedAtNanos, 0, now)) {
                    idle.remove(old);
                    old.http.close();
                }
            }
        }
    }

    @Override
    void closeIdle() {
        @Nullable Connection c;
        while ((c = idle.pollLast()) != null) {
            c.http.close();
        }
    }
}
