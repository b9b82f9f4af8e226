package io.milepost.waypoint.exchange;

import io.milepost.filters.ForwardPlan;
import io.milepost.filters.HashKey;
import io.milepost.filters.Session;
import io.milepost.http.RequestHead;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.RetryPolicy;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.LoopPools;
import io.milepost.waypoint.upstream.Pick;
import io.milepost.waypoint.upstream.Traits;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One attempt after the other of a request: an endpoint is chosen, a stream to it opened, and what both count is given back,
 * once. What is sent, and whether there is another attempt, {@link Forwarding} decides. Belongs to its exchange's event loop.
 */
abstract class Attempts implements UpstreamStream.Listener, LoopPools.Ready, HashKey.CookieJar {
    final Exchange exchange;
    final WorkerContext worker;
    final ClusterState cluster;
    final ForwardPlan.Target target;
    private final RetryPolicy policy;
    private final List<HostState> tried = new ArrayList<>(2);
    private LoopPools.@Nullable Waiting waiting;
    private long hash;
    private boolean hashed;
    /** What this request counts against its endpoint's load and its connection's streams. */
    private boolean activeHeld;

    private boolean streamHeld;
    /** On a connection that the endpoint may have closed while it was idle. */
    private boolean onRested;

    @Nullable
    UpstreamStream upstream;

    /** Made by consistent hashing for a client that has none. */
    @Nullable
    AsciiString cookie;

    long attemptStartNanos;

    Attempts(Exchange exchange, ForwardPlan.Target target, ClusterState cluster, RetryPolicy policy) {
        this.exchange = exchange;
        this.worker = exchange.worker;
        this.target = target;
        this.cluster = cluster;
        this.policy = policy;
    }

    /** The key of consistent hashing, from the request as the client sent it. */
    final void hash(HashKey key) {
        if (key.isEmpty()) {
            return;
        }
        OptionalLong k = key.of(exchange.request, exchange.remoteIp(), this);
        hashed = k.isPresent();
        hash = k.orElse(0);
    }

    @Override
    public final String connection() {
        return exchange.client.remoteText() + " " + exchange.client.localText();
    }

    @Override
    public final void setCookie(AsciiString line) {
        cookie = line;
    }

    final Pick question() {
        Pick p = worker.pick().begin();
        if (exchange.attempts > 0) {
            p.otherPriorities(policy.previousPriorities());
            if (policy.avoidPreviousHosts()) {
                p.avoiding(tried);
            }
        } else {
            Session s = exchange.session;
            if (s != null && s.cluster() == target.id()) {
                p.bound(s.endpoint());
            }
        }
        if (hashed) {
            p.hash(hash);
        }
        return p.destination(exchange.client.destination(), exchange.client.destinationPort())
                .authority(exchange.request.authority());
    }

    /** The attempt at an endpoint counts from here until {@link #release}. */
    final void begin(HostState h) {
        exchange.host = h;
        exchange.attempts++;
        tried.add(h);
        h.active().incrementAndGet();
        activeHeld = true;
        attemptStartNanos = System.nanoTime();
    }

    final boolean isActive() {
        return activeHeld;
    }

    /** The answer comes to {@link #onStream} or {@link #onFailure}, perhaps before this returns. */
    final void open(HostState h) {
        Cluster c = cluster.cluster();
        waiting = worker.pools().open(cluster, h, http2(c, exchange.request), traits(c), this, this);
    }

    final void got(boolean rested) {
        onRested = rested;
        waiting = null;
        streamHeld = true;
    }

    static boolean http2(Cluster c, RequestHead request) {
        return c.protocol() == Cluster.Protocol.HTTP2
                || (c.protocol() == Cluster.Protocol.CLIENT && request.protocol() == RequestHead.Protocol.HTTP_2);
    }

    /** What the connection depends on beside its endpoint; nothing in most clusters. */
    private Traits traits(Cluster c) {
        return Traits.matter(c)
                ? Traits.of(
                        c,
                        exchange.request.authority().toString(),
                        Traits.address(exchange.client.remoteText()),
                        Traits.address(exchange.client.localText()))
                : Traits.NONE;
    }

    /**
     * Whether the request may go to another connection without counting as a retry: the endpoint closed this one, idle
     * until now, before it answered anything. Only for methods that may be repeated (RFC 9110, 9.2.2).
     */
    final boolean mayMoveOn(boolean responseStarted) {
        return onRested
                && activeHeld
                && !exchange.done
                && !responseStarted
                && !exchange.upgrade
                && exchange.body.replayable()
                && RequestEdge.isIdempotent(exchange.request.method());
    }

    final void moveOn() {
        HostState h = java.util.Objects.requireNonNull(exchange.host, "no host");
        giveStreamBack();
        onRested = false;
        cluster.stats().movedOn();
        open(h);
    }

    final void cancelUpstream() {
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null) {
            u.cancel();
        }
    }

    /** The attempt is over: its time too. */
    abstract void stopTimer();

    /** The attempt is over: its endpoint is free of it; once per attempt. */
    final void release() {
        stopTimer();
        LoopPools.Waiting w = waiting;
        waiting = null;
        if (w != null) {
            w.cancel();
        }
        giveStreamBack();
        HostState h = exchange.host;
        if (activeHeld && h != null) {
            activeHeld = false;
            h.active().decrementAndGet();
        }
    }

    final void giveStreamBack() {
        HostState h = exchange.host;
        if (streamHeld && h != null) {
            streamHeld = false;
            worker.pools().released(cluster, h);
        }
    }
}
