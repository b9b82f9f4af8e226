package io.milepost.waypoint.exchange;

import io.milepost.filters.ForwardPlan;
import io.milepost.filters.LocalReply;
import io.milepost.filters.RetryDecider;
import io.milepost.filters.RetryDecider.Reset;
import io.milepost.filters.SessionPlan;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.RouteAction;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.Pick;
import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way of a request to an endpoint and of its response back (Envoy's router): {@link #start} rewrites and sends mirrors
 * off; {@link #attempt} chooses an endpoint and opens a stream, again after {@link #failed} if the rule says so; the {@code
 * on...} methods carry what the endpoint says to the client. Belongs to its exchange's event loop.
 */
final class Forwarding extends Attempts {
    private static final AsciiString[] SMALL_NUMBERS = new AsciiString[256];

    static {
        for (int i = 0; i < SMALL_NUMBERS.length; i++) {
            SMALL_NUMBERS[i] = new AsciiString(Integer.toString(i));
        }
    }

    private final ForwardPlan plan;
    private final RetryDecider retries;
    private List<Mirror> mirrors = List.of();

    private @Nullable ScheduledFuture<?> timeout;
    private @Nullable ScheduledFuture<?> perTryTimeout;
    private long requestMillis;
    private boolean requestSent;
    private boolean responseStarted;
    private boolean responsePaused;
    private boolean waitedForNames;
    /** What this request counts against the cluster's limit of retries. */
    private boolean retryHeld;

    Forwarding(Exchange exchange, ForwardPlan plan, ForwardPlan.Target target, ClusterState cluster) {
        super(exchange, target, cluster, plan.retry().policy());
        this.plan = plan;
        this.retries = plan.retry();
    }

    void start() {
        requestMillis = plan.timeouts().requestMillis(exchange.request, exchange.grpc);
        hash(plan.hash());
        plan.rewrite(exchange.request, target, exchange::operator, exchange.ownHeaders());
        if (!target.mirrors().isEmpty() && !exchange.upgrade) {
            mirror();
        }
        if (requestMillis > 0) {
            timeout = worker.loop().schedule(this::onTimeout, requestMillis, TimeUnit.MILLISECONDS);
        }
        attempt();
    }

    /** Copies of the rewritten request; nobody waits for them. */
    private void mirror() {
        mirrors = new ArrayList<>(1);
        for (RouteAction.Mirror m : target.mirrors()) {
            ClusterState c = ForwardPlan.mirrors(m, worker.random().nextLong())
                    ? worker.clusters().get(m.cluster())
                    : null;
            Mirror copy = c == null ? null : Mirror.start(exchange, c, requestMillis);
            if (copy != null) {
                mirrors.add(copy);
            }
        }
    }

    private void attemptAgain() {
        if (!exchange.done) {
            attempt();
        }
    }

    /** Picks an endpoint and opens a stream to it. */
    private void attempt() {
        Pick pick = question();
        HostState h = cluster.pick(pick);
        if (h == null) {
            if (!waitedForNames && pick.whenReady(worker.loop(), this::attemptAgain)) {
                waitedForNames = true;
            } else {
                // A try that found nobody counts (asked of Envoy 1.40.0).
                exchange.attempts++;
                exchange.answer(UpstreamReplies.noHost(cluster.cluster(), pick));
            }
            return;
        }
        requestSent = false;
        begin(h);
        // As Envoy: the first try is told the whole time, however long the request was on its way to it.
        long elapsed = exchange.attempts == 1 ? 0 : (attemptStartNanos - exchange.startNanos) / 1_000_000;
        plan.timeouts()
                .writeHeaders(
                        exchange.request,
                        exchange.grpc,
                        requestMillis,
                        elapsed,
                        exchange.ownHeaders().debug());
        long perTry = plan.timeouts().perTryMillis(requestMillis);
        if (perTry > 0) {
            perTryTimeout = worker.loop().schedule(this::onPerTryTimeout, perTry, TimeUnit.MILLISECONDS);
        }
        open(h);
    }

    @Override
    public void onStream(UpstreamStream stream, boolean rested) {
        got(rested);
        if (exchange.done) {
            stream.cancel();
            giveStreamBack();
            return;
        }
        upstream = stream;
        exchange.streamOpenedNanos = System.nanoTime();
        exchange.upstreamProtocol = http2(cluster.cluster(), exchange.request)
                ? RequestHead.Protocol.HTTP_2
                : RequestHead.Protocol.HTTP_1_1;
        exchange.upstreamConnection = stream.connectionNumber();
        exchange.upstreamLocal = worker.addressText(stream.localAddress());
        requestSent = true;
        RequestBody body = exchange.body;
        body.rewind();
        if (!exchange.headOnly && !mayRetry()) {
            body.keepNoMore();
        }
        stream.head(exchange.request, exchange.headOnly && !exchange.upgrade);
        if (!exchange.headOnly) {
            sendBody();
        }
    }

    /** Sends what waits of the request, then lets the client go on. */
    private void sendBody() {
        UpstreamStream u = upstream;
        if (u == null || exchange.body.sendTo(u)) {
            resumeRequest();
        } else {
            exchange.pauseRequest();
        }
    }

    @Override
    public void onFailure(Reset reason, String detail) {
        release();
        if (!exchange.done) {
            exchange.transportFailure = detail.isEmpty() ? null : detail;
            if (reason == Reset.CONNECTION_TERMINATION) {
                // Envoy's connection to its own tunnel had been open until the tunnel was refused.
                exchange.upstreamLocal = TrafficFacts.TUNNEL_LOCAL;
            }
            failed(reason);
        }
    }

    private boolean mayRetry() {
        return exchange.attempts <= retries.attempts() && exchange.body.replayable();
    }

    /** An attempt ended without a response. */
    private void failed(Reset reason) {
        HostState h = exchange.host;
        if (h != null) {
            cluster.failed(h, reason);
        }
        if (responseStarted) {
            exchange.flags |= HttpService.flagOf(reason.flag());
            exchange.details =
                    "upstream_reset_after_response_started{" + reason.text().replace(' ', '_') + "}";
            exchange.downstream.reset();
            exchange.finish();
        } else if (mayRetry() && retries.retryReset(reason, requestSent) && takeRetry()) {
            retryLater();
        } else {
            CharSequence transport = exchange.transportFailure;
            exchange.answer(LocalReply.upstreamReset(
                    reason, exchange.attempts > 1, transport == null ? "" : transport.toString()));
        }
    }

    /** Whether the cluster's limit of retries allows another one. */
    private boolean takeRetry() {
        giveRetryBack();
        retryHeld = cluster.limits().retry();
        if (!retryHeld) {
            exchange.flags |= ResponseFlags.UPSTREAM_OVERFLOW;
        }
        return retryHeld;
    }

    private void retryLater() {
        long millis = retries.backoffMillis(exchange.attempts, worker.random().nextLong());
        worker.loop().schedule(this::attemptAgain, millis, TimeUnit.MILLISECONDS);
    }

    private void onPerTryTimeout() {
        if (!exchange.done && !responseStarted) {
            cancelUpstream();
            release();
            failed(Reset.PER_TRY_TIMEOUT);
        }
    }

    private void onTimeout() {
        if (exchange.done) {
            return;
        }
        cancelUpstream();
        if (responseStarted) {
            exchange.flags |= ResponseFlags.UPSTREAM_REQUEST_TIMEOUT;
            exchange.details = "response_timeout";
            exchange.downstream.reset();
            exchange.finish();
        } else {
            HostState h = exchange.host;
            if (h != null && isActive()) {
                cluster.failed(h, Reset.PER_TRY_TIMEOUT);
            }
            exchange.answer(LocalReply.TIMEOUT);
        }
    }

    // ---- from the client

    /** Takes a piece of the body if there is a stream for it, and with it its ownership. */
    boolean takes(ByteBuf data, boolean end) {
        for (int i = 0; i < mirrors.size(); i++) {
            mirrors.get(i).data(data.retainedDuplicate(), end);
        }
        UpstreamStream u = upstream;
        if (u == null || !exchange.body.isSent()) {
            return false;
        }
        if (!exchange.body.pass(data, end)) {
            cluster.stats().retryAbandoned();
        }
        u.data(data, end);
        if (!u.writable()) {
            exchange.pauseRequest();
        }
        return true;
    }

    void takeTrailers(Headers trailers) {
        for (int i = 0; i < mirrors.size(); i++) {
            mirrors.get(i).trailers(trailers);
        }
        sendBody();
    }

    void resumeResponse() {
        UpstreamStream u = upstream;
        if (responsePaused && u != null) {
            responsePaused = false;
            u.readResponse(true);
        }
    }

    private void resumeRequest() {
        UpstreamStream u = upstream;
        if (u != null && u.writable()) {
            exchange.resumeRequest();
        }
    }

    // ---- from the endpoint

    @Override
    public void onInformational(ResponseHead head) {
        if (!exchange.done && !responseStarted) {
            exchange.downstream.informational(head);
        }
    }

    @Override
    public void onHead(ResponseHead head, boolean end) {
        if (exchange.done) {
            return;
        }
        HostState h = exchange.host;
        if (h != null) {
            cluster.answered(h, UpstreamReplies.statusForOutliers(head, exchange.grpc));
        }
        boolean last = exchange.attempts > retries.attempts();
        if (retries.attempts() > 0 && !exchange.body.isGivenUp() && retries.retryResponse(head)) {
            if (!last && takeRetry()) {
                cancelUpstream();
                release();
                retryLater();
                return;
            }
            exchange.flags |= ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED;
        }
        exchange.body.keepNoMore();
        responseStarted = true;
        exchange.answeredNanos = System.nanoTime();
        exchange.details = "via_upstream";
        if (head.status() != 101 && exchange.ownHeaders().debug()) {
            head.headers().set(HeaderName.X_ENVOY_UPSTREAM_SERVICE_TIME, serviceTime());
        }
        AsciiString line = cookie;
        if (line != null) {
            head.headers().add(HeaderName.SET_COOKIE, line);
        }
        SessionPlan sessions = plan.session();
        if (sessions != null && h != null) {
            sessions.write(head, exchange.session, target.id(), h.sessionId(), System.currentTimeMillis());
        }
        exchange.respond(head, end);
        if (end) {
            completed();
        }
    }

    private AsciiString serviceTime() {
        long ms = (System.nanoTime() - attemptStartNanos) / 1_000_000;
        return ms < SMALL_NUMBERS.length ? SMALL_NUMBERS[(int) ms] : new AsciiString(Long.toString(ms));
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
        if (exchange.done) {
            data.release();
            return;
        }
        exchange.bytesSent += data.readableBytes();
        exchange.downstream.data(data, end);
        if (end) {
            completed();
        } else if (!exchange.downstream.writable()) {
            UpstreamStream u = upstream;
            if (u != null && !responsePaused) {
                responsePaused = true;
                u.readResponse(false);
            }
        }
    }

    @Override
    public void onTrailers(Headers trailers) {
        if (!exchange.done) {
            exchange.responseTrailers = trailers;
            exchange.downstream.trailers(trailers);
            completed();
        }
    }

    private void completed() {
        if (exchange.requestEnded) {
            upstream = null;
        }
        // Else: an early final response; the application does not want the rest of the request.
        exchange.finish();
    }

    @Override
    public void onReset(Reset reason, String detail) {
        upstream = null;
        if (reason == Reset.CONNECTION_TERMINATION && mayMoveOn(responseStarted)) {
            moveOn();
            return;
        }
        release();
        if (!exchange.done) {
            exchange.transportFailure = detail.isEmpty() ? null : detail;
            failed(reason);
        }
    }

    @Override
    public void onWritable() {
        sendBody();
    }

    // ---- giving back

    @Override
    void stopTimer() {
        ScheduledFuture<?> p = perTryTimeout;
        perTryTimeout = null;
        if (p != null) {
            p.cancel(false);
        }
    }

    private void giveRetryBack() {
        if (retryHeld) {
            retryHeld = false;
            cluster.limits().retryDone();
        }
    }

    /** The exchange is over, however it ended. */
    void end() {
        cancelUpstream();
        release();
        giveRetryBack();
        ScheduledFuture<?> t = timeout;
        if (t != null) {
            t.cancel(false);
        }
        if (!exchange.requestEnded) {
            for (Mirror m : mirrors) {
                m.cancel();
            }
        }
    }
}
