package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.codec.UpstreamStream.Listener;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Connections to endpoints of one event loop: HTTP/1.1 connections last in first out, HTTP/2 connections shared. Limits of
 * the cluster count over all event loops, connections never leave theirs.
 *
 * <p>Kept by host: an address that another workload took over is another host and never inherits a connection.
 */
public final class LoopPools {
    private static final long SWEEP_MILLIS = 200;

    private final EventLoop loop;
    private final Connector connector;
    private final Map<HostState, OfHost> hosts = new HashMap<>();
    private @Nullable ScheduledFuture<?> sweeper;

    public LoopPools(EventLoop loop, Connector connector) {
        this.loop = loop;
        this.connector = connector;
    }

    /** Takes what {@link #open} has: exactly one of the two is called, possibly at once. */
    public interface Ready {
        /**
         * The stream counts against the cluster's limit of requests until {@link #released}.
         *
         * @param rested the connection was idle for so long that the peer may have closed it without our knowing
         */
        void onStream(UpstreamStream stream, boolean rested);

        void onFailure(Reset reason, String detail);
    }

    /** A request that waits for a connection. */
    public static final class Waiting {
        final Listener listener;
        final Ready ready;
        private final HostPool pool;

        Waiting(HostPool pool, Listener listener, Ready ready) {
            this.pool = pool;
            this.listener = listener;
            this.ready = ready;
        }

        /** The request is over; it is not called any more. */
        public void cancel() {
            pool.cancel(this);
        }
    }

    private static final class OfHost {
        @Nullable
        Http1Pool http1;

        @Nullable
        Http2Pool http2;

        final Map<Traits, Http1Pool> http1ByTraits = new HashMap<>(0);
        final Map<Traits, Http2Pool> http2ByTraits = new HashMap<>(0);
    }

    /** Opens a stream for one attempt. Returns the request when it has to wait; null when it was answered already. */
    public @Nullable Waiting open(
            ClusterState cluster, HostState host, boolean http2, Traits traits, Listener listener, Ready ready) {
        OfHost h = hosts.get(host);
        if (h == null) {
            h = new OfHost();
            hosts.put(host, h);
            startSweeper();
        }
        HostPool p = http2 ? http2(h, cluster, host, traits) : http1(h, cluster, host, traits);
        return p.open(listener, ready);
    }

    private HostPool http1(OfHost h, ClusterState cluster, HostState host, Traits traits) {
        Http1Pool p = traits.equals(Traits.NONE) ? h.http1 : h.http1ByTraits.get(traits);
        if (p != null && p.fits()) {
            return p;
        }
        if (p != null) {
            p.drain();
        }
        p = new Http1Pool(loop, connector, cluster, host, traits);
        if (traits.equals(Traits.NONE)) {
            h.http1 = p;
        } else {
            h.http1ByTraits.put(traits, p);
        }
        return p;
    }

    private HostPool http2(OfHost h, ClusterState cluster, HostState host, Traits traits) {
        Http2Pool p = traits.equals(Traits.NONE) ? h.http2 : h.http2ByTraits.get(traits);
        if (p != null && p.fits()) {
            return p;
        }
        if (p != null) {
            p.drain();
        }
        p = new Http2Pool(loop, connector, cluster, host, traits);
        if (traits.equals(Traits.NONE)) {
            h.http2 = p;
        } else {
            h.http2ByTraits.put(traits, p);
        }
        return p;
    }

    /** A stream is over: gives back what it counted, and lets a request go on that waits for room. */
    public void released(ClusterState cluster, HostState host) {
        cluster.limits().requestDone();
        OfHost h = hosts.get(host);
        if (h == null) {
            return;
        }
        serveLater(h.http2);
        if (!h.http2ByTraits.isEmpty()) {
            h.http2ByTraits.values().forEach(this::serveLater);
        }
    }

    private void serveLater(@Nullable Http2Pool p) {
        if (p != null && p.waiting() > 0) {
            loop.execute(p::serve);
        }
    }

    /** Endpoints with connections. */
    public int size() {
        return hosts.size();
    }

    /** The endpoint left: its connections take no further requests. Called on any thread. */
    void drain(HostState host) {
        if (loop.isShuttingDown()) {
            return;
        }
        loop.execute(() -> {
            OfHost h = hosts.get(host);
            if (h != null) {
                pools(h).forEach(HostPool::drain);
                forgetIfEmpty(host, h);
            }
        });
    }

    /** Another event loop needs the room: idle connections to the host close. Called on any thread. */
    void closeIdle(HostState host) {
        if (loop.isShuttingDown()) {
            return;
        }
        loop.execute(() -> {
            OfHost h = hosts.get(host);
            if (h != null) {
                h.http1ByTraits.values().forEach(Http1Pool::closeIdle);
                if (h.http1 != null) {
                    h.http1.closeIdle();
                }
            }
        });
    }

    /** Closes idle connections, and the others as soon as their requests are over. */
    public void closeAll() {
        for (OfHost h : List.copyOf(hosts.values())) {
            pools(h).forEach(HostPool::drain);
        }
    }

    private static List<HostPool> pools(OfHost h) {
        List<HostPool> all = new ArrayList<>(2);
        if (h.http1 != null) {
            all.add(h.http1);
        }
        if (h.http2 != null) {
            all.add(h.http2);
        }
        all.addAll(h.http1ByTraits.values());
        all.addAll(h.http2ByTraits.values());
        return all;
    }

    private void startSweeper() {
        if (sweeper == null) {
            sweeper = loop.scheduleWithFixedDelay(this::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Closes what was idle or open for too long, and forgets pools without connections. */
    private void sweep() {
        long now = System.nanoTime();
        for (Map.Entry<HostState, OfHost> e : List.copyOf(hosts.entrySet())) {
            OfHost h = e.getValue();
            pools(h).forEach(p -> p.sweep(now));
            h.http1ByTraits.values().removeIf(HostPool::isEmpty);
            h.http2ByTraits.values().removeIf(HostPool::isEmpty);
            forgetIfEmpty(e.getKey(), h);
        }
        if (hosts.isEmpty() && sweeper != null) {
            sweeper.cancel(false);
            sweeper = null;
        }
    }

    private void forgetIfEmpty(HostState host, OfHost h) {
        if (pools(h).stream().allMatch(HostPool::isEmpty)) {
            hosts.remove(host);
        }
    }
}
