package io.milepost.waypoint.exchange;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.LoopPools;
import io.milepost.waypoint.upstream.Traits;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a request to another cluster, whose answer nobody reads. It never slows the request down: what its endpoint
 * does not take yet waits, and a copy for which too much waits is given up. One event loop.
 */
final class Mirror implements UpstreamStream.Listener, LoopPools.Ready {
    /** A copy without a time limit of its rule ends after this. */
    private static final long LONGEST_MILLIS = TimeUnit.MINUTES.toMillis(5);

    private final WorkerContext worker;
    private final ClusterState cluster;
    private final HostState host;
    private final RequestHead request;
    /** What its endpoint has not taken yet. */
    private final RequestBody body;

    private @Nullable UpstreamStream upstream;
    private LoopPools.@Nullable Waiting waiting;
    private @Nullable ScheduledFuture<?> timeout;
    private boolean requestEnded;
    private boolean streamHeld;
    private boolean done;

    private Mirror(WorkerContext worker, ClusterState cluster, HostState host, RequestHead request, boolean ended) {
        this.worker = worker;
        this.cluster = cluster;
        this.host = host;
        this.request = request;
        this.body = RequestBody.passing(worker.bodies());
        this.requestEnded = ended;
    }

    /** Sends a copy of the exchange's request as it is now; null when the cluster has no endpoint. */
    static @Nullable Mirror start(Exchange exchange, ClusterState cluster, long millis) {
        WorkerContext worker = exchange.worker;
        RequestHead r = exchange.request;
        HostState h = cluster.pick(worker.pick()
                .begin()
                .destination(exchange.client.destination(), exchange.client.destinationPort())
                .authority(r.authority()));
        if (h == null) {
            return null;
        }
        RequestHead copy = new RequestHead(
                r.protocol(),
                r.method(),
                r.authority(),
                r.path(),
                r.scheme(),
                r.headers().copy());
        boolean ended = exchange.requestEnded && exchange.body.isEmpty();
        Mirror m = new Mirror(worker, cluster, h, copy, ended);
        exchange.body.copyTo(m);
        h.active().incrementAndGet();
        m.timeout = worker.loop().schedule(m::cancel, millis > 0 ? millis : LONGEST_MILLIS, TimeUnit.MILLISECONDS);
        Traits traits = Traits.matter(cluster.cluster())
                ? Traits.of(
                        cluster.cluster(),
                        r.authority().toString(),
                        Traits.address(exchange.client.remoteText()),
                        Traits.address(exchange.client.localText()))
                : Traits.NONE;
        m.waiting = worker.pools().open(cluster, h, Forwarding.http2(cluster.cluster(), r), traits, m, m);
        return m;
    }

    /** A further piece of the body; takes ownership. */
    void data(ByteBuf data, boolean end) {
        requestEnded |= end;
        UpstreamStream u = upstream;
        if (done) {
            data.release();
        } else if (u != null && body.isSent() && u.writable()) {
            body.pass(data, end);
            u.data(data, end);
        } else if (body.hold(data, end) != RequestBody.Held.WAITS) {
            cluster.stats().retryAbandoned();
            cancel();
        } else {
            send();
        }
    }

    void trailers(Headers trailers) {
        requestEnded = true;
        if (!done) {
            body.trailers(trailers.copy());
            send();
        }
    }

    /** As much as the endpoint takes; the rest when it takes more. */
    private void send() {
        UpstreamStream u = upstream;
        if (u != null) {
            body.sendTo(u);
        }
    }

    @Override
    public void onStream(UpstreamStream stream, boolean reused) {
        waiting = null;
        streamHeld = true;
        if (done) {
            stream.cancel();
            giveBack();
            return;
        }
        upstream = stream;
        boolean headOnly = requestEnded && body.isEmpty();
        stream.head(request, headOnly);
        if (!headOnly) {
            send();
        }
    }

    @Override
    public void onFailure(Reset reason, String detail) {
        finish();
    }

    @Override
    public void onInformational(ResponseHead head) {}

    @Override
    public void onHead(ResponseHead head, boolean end) {
        if (end) {
            completed();
        }
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
        data.release();
        if (end) {
            completed();
        }
    }

    @Override
    public void onTrailers(Headers trailers) {
        completed();
    }

    @Override
    public void onReset(Reset reason, String detail) {
        upstream = null;
        finish();
    }

    @Override
    public void onWritable() {
        send();
    }

    private void completed() {
        if (requestEnded && body.isSent()) {
            upstream = null;
        }
        finish();
    }

    /** Nobody wants it any more. */
    void cancel() {
        finish();
    }

    private void finish() {
        if (done) {
            return;
        }
        done = true;
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null) {
            u.cancel();
        }
        LoopPools.Waiting w = waiting;
        waiting = null;
        if (w != null) {
            w.cancel();
        }
        ScheduledFuture<?> t = timeout;
        if (t != null) {
            t.cancel(false);
        }
        body.drop();
        host.active().decrementAndGet();
        giveBack();
    }

    private void giveBack() {
        if (streamHeld) {
            streamHeld = false;
            worker.pools().released(cluster, host);
        }
    }
}
