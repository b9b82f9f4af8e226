package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster.Http2Keepalive;
import io.milepost.waypoint.codec.Http2ClientConnection;
import io.milepost.waypoint.codec.UpstreamStream.Listener;
import io.milepost.waypoint.upstream.LoopPools.Ready;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** HTTP/2: requests share a connection; a further one is opened when the peer or the configuration allows no more streams. */
final class Http2Pool extends HostPool {
    private final List<Connection> usable = new ArrayList<>(1);

    Http2Pool(EventLoop loop, Connector connector, ClusterState cluster, HostState host, Traits traits) {
        super(loop, connector, cluster, host, traits);
    }

    private final class Connection {
        final Http2ClientConnection http = Http2ClientConnection.create(this::retired);
        final long openedAtNanos = System.nanoTime();
        long usedAtNanos = openedAtNanos;
        long pingedAtNanos = openedAtNanos;

        /** No further streams: GOAWAY, closed, or drained by us. */
        void retired() {
            usable.remove(this);
            if (waiting() > 0) {
                loop.execute(Http2Pool.this::serve);
            }
        }
    }

    private @Nullable Connection room() {
        int most = streamsPerConnection();
        for (int i = 0; i < usable.size(); i++) {
            Connection c = usable.get(i);
            if (c.http.usable() && c.http.activeStreams() < most) {
                return c;
            }
        }
        return null;
    }

    @Override
    boolean hasRoom() {
        return room() != null;
    }

    @Override
    boolean tryServe(Listener listener, Ready ready) {
        Connection c = room();
        if (c == null) {
            return false;
        }
        if (!cluster.limits().request()) {
            ready.onFailure(Reset.OVERFLOW, "");
            return true;
        }
        boolean rested = c.http.activeStreams() == 0 && rested(c.http.requests(), c.usedAtNanos);
        c.usedAtNanos = System.nanoTime();
        var stream = c.http.open(listener);
        if (worn(c.openedAtNanos, c.http.requests(), c.usedAtNanos)) {
            usable.remove(c);
            // Only once the stream exists: a connection without streams would close.
            loop.execute(c.http::drain);
        }
        ready.onStream(stream, rested);
        return true;
    }

    @Override
    Object fresh() {
        return new Connection();
    }

    @Override
    ChannelHandler handler(Object fresh) {
        return ((Connection) fresh).http.handler();
    }

    @Override
    void opened(Object fresh, Channel channel) {
        Connection c = (Connection) fresh;
        if (c.http.usable()) {
            usable.add(c);
        }
        serve();
        if (draining()) {
            closeIdle();
        }
    }

    /** Connections of other event loops may never come free. */
    @Override
    boolean mustConnect() {
        return connections() == 0;
    }

    @Override
    int streamsPerConnection() {
        int n = cluster.cluster().limits().streamsPerConnection();
        return n > 0 ? n : Integer.MAX_VALUE;
    }

    @Override
    void sweep(long now) {
        long limit = idleNanos();
        Http2Keepalive k = cluster.cluster().transport().http2Keepalive().orElse(null);
        for (Connection c : usable.toArray(new Connection[0])) {
            if (c.http.activeStreams() > 0) {
                c.usedAtNanos = now;
            } else if (now - c.usedAtNanos >= limit) {
                cluster.stats().connectionIdleTimeout.increment();
                c.http.drain();
                continue;
            }
            if (worn(c.openedAtNanos, 0, now)) {
                c.http.drain();
            } else if (k != null && now - c.pingedAtNanos >= k.intervalMillis() * 1_000_000) {
                c.pingedAtNanos = now;
                c.http.ping(k.timeoutMillis());
            }
        }
    }

    @Override
    void closeIdle() {
        for (Connection c : usable.toArray(new Connection[0])) {
            c.http.drain();
        }
        usable.clear();
    }
}
