package io.milepost.waypoint.exchange;

import io.milepost.filters.ForwardPlan;
import io.milepost.filters.HashKey;
import io.milepost.filters.LocalReply;
import io.milepost.filters.RetryDecider;
import io.milepost.filters.RetryDecider.Reset;
import io.milepost.filters.Session;
import io.milepost.filters.SessionPlan;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.RouteAction;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.LoopPools;
import io.milepost.waypoint.upstream.Pick;
import io.milepost.waypoint.upstream.Traits;
import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way of a request to an endpoint and of its response back (Envoy's router): {@link #start} rewrites and sends mirrors
 * off; {@link #attempt} picks an endpoint and opens a stream, again after {@link #failed} if the rule says so; the {@code
 * on...} methods carry what the endpoint says to the client. Belongs to its exchange's event loop.
 */
final class Forwarding implements UpstreamStream.Listener, LoopPools.Ready, HashKey.CookieJar {
    private static final AsciiString[] SMALL_NUMBERS = new AsciiString[256];

    static {
        for (int i = 0; i < SMALL_NUMBERS.length; i++) {
            SMALL_NUMBERS[i] = new AsciiString(Integer.toString(i));
        }
    }

    private final Exchange exchange;
    private final WorkerContext worker;
    private final ForwardPlan plan;
    private final ForwardPlan.Target target;
    private final ClusterState cluster;
    private final RetryDecider retries;
    private final List<HostState> tried = new ArrayList<>(2);
    private List<Mirror> mirrors = List.of();

    private @Nullable UpstreamStream upstream;
    private LoopPools.@Nullable Waiting waiting;
    private @Nullable ScheduledFuture<?> timeout;
    private @Nullable ScheduledFuture<?> perTryTimeout;
    private @Nullable AsciiString cookie;
    private long requestMillis;
    private long attemptStartNanos;
    private long hash;
    private boolean hashed;
    private boolean requestSent;
    private boolean responseStarted;
    private boolean responsePaused;
    private boolean waitedForNames;
    /** What this request counts against the cluster's limits and its endpoint's load. */
    private boolean retryHeld;

    private boolean streamHeld;
    /** On a connection that the endpoint may have closed while it was idle. */
    private boolean onRested;

    private boolean activeHeld;

    Forwarding(Exchange exchange, ForwardPlan plan, ForwardPlan.Target target, ClusterState cluster) {
        this.exchange = exchange;
        this.worker = exchange.worker;
        this.plan = plan;
        this.target = target;
        this.cluster = cluster;
        this.retries = plan.retry();
    }

    void start() {
        requestMillis = plan.timeouts().requestMillis(exchange.request, exchange.grpc);
        hash(plan.hash());
        plan.rewrite(exchange.request, target, exchange::operator);
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

    /** The key of consistent hashing, from the request as the client sent it. */
    private void hash(HashKey key) {
        if (key.isEmpty()) {
            return;
        }
        OptionalLong k = key.of(exchange.request, exchange.remoteIp(), this);
        hashed = k.isPresent();
        hash = k.orElse(0);
    }

    @Override
    public String connection() {
        return exchange.client.remoteText() + " " + exchange.client.localText();
    }

    @Override
    public void setCookie(AsciiString line) {
        cookie = line;
    }

    private Pick question() {
        Pick p = worker.pick().begin();
        if (exchange.attempts > 0) {
            p.otherPriorities(retries.policy().previousPriorities());
            if (retries.policy().avoidPreviousHosts()) {
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
                exchange.answer(UpstreamReplies.noHost(cluster.cluster(), pick));
            }
            return;
        }
        exchange.host = h;
        exchange.attempts++;
        requestSent = false;
        tried.add(h);
        h.active().incrementAndGet();
        activeHeld = true;
        attemptStartNanos = System.nanoTime();
        // As Envoy: the first try is told the whole time, however long the request was on its way to it.
        long elapsed = exchange.attempts == 1 ? 0 : (attemptStartNanos - exchange.startNanos) / 1_000_000;
        plan.timeouts().writeHeaders(exchange.request, exchange.grpc, requestMillis, elapsed);
        long perTry = plan.timeouts().perTryMillis(requestMillis);
        if (perTry > 0) {
            perTryTimeout = worker.loop().schedule(this::onPerTryTimeout, perTry, TimeUnit.MILLISECONDS);
        }
        Cluster c = cluster.cluster();
        waiting = worker.pools().open(cluster, h, http2(c, exchange.request), traits(c), this, this);
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

    @Override
    public void onStream(UpstreamStream stream, boolean rested) {
        onRested = rested;
        waiting = null;
        streamHeld = true;
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
        exchange.upstreamLocal = worker.addressText(stream.localAddress());
        requestSent = true;
        RequestBody body = exchange.body;
        boolean headOnly = exchange.requestEnded && body.isEmpty();
        stream.head(exchange.request, headOnly && !exchange.upgrade);
        if (!headOnly && upstream != null) {
            body.sendTo(stream);
            if (!mayRetry()) {
                body.drop();
            }
        }
        resumeRequest();
    }

    @Override
    public void onFailure(Reset reason, String detail) {
        release();
        if (!exchange.done) {
            exchange.transportFailure = detail.isEmpty() ? null : detail;
            if (reason == Reset.CONNECTION_TERMINATION) {
                // Envoy's connection to its own tunnel had been open until the tunnel was refused.
                exchange.upstreamLocal = ExchangeFacts.TUNNEL_LOCAL;
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
            if (h != null && activeHeld) {
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
        if (u == null) {
            return false;
        }
        exchange.body.remember(data, end);
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
        UpstreamStream u = upstream;
        if (u != null) {
            u.trailers(trailers);
        }
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
        if (retries.attempts() > 0 && exchange.body.replayable() && retries.retryResponse(head)) {
            if (mayRetry() && takeRetry()) {
                cancelUpstream();
                release();
                retryLater();
                return;
            }
            exchange.flags |= ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED;
        }
        exchange.body.drop();
        responseStarted = true;
        exchange.answeredNanos = System.nanoTime();
        exchange.details = "via_upstream";
        if (head.status() != 101) {
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
        if (reason == Reset.CONNECTION_TERMINATION && mayMoveOn()) {
            moveOn();
            return;
        }
        release();
        if (!exchange.done) {
            exchange.transportFailure = detail.isEmpty() ? null : detail;
            failed(reason);
        }
    }

    /**
     * Whether the request may go to another connection without counting as a retry: the endpoint closed this one, idle
     * until now, before it answered anything. Only for methods that may be repeated (RFC 9110, 9.2.2).
     */
    private boolean mayMoveOn() {
        return onRested
                && activeHeld
                && !exchange.done
                && !responseStarted
                && !exchange.upgrade
                && exchange.body.replayable()
                && RequestEdge.isIdempotent(exchange.request.method());
    }

    private void moveOn() {
        HostState h = java.util.Objects.requireNonNull(exchange.host, "no host");
        giveStreamBack();
        onRested = false;
        cluster.stats().movedOn();
        Cluster c = cluster.cluster();
        waiting = worker.pools().open(cluster, h, http2(c, exchange.request), traits(c), this, this);
    }

    @Override
    public void onWritable() {
        resumeRequest();
    }

    // ---- giving back

    private void cancelUpstream() {
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null) {
            u.cancel();
        }
    }

    /** The attempt is over: its endpoint is free of it; once per attempt. */
    private void release() {
        ScheduledFuture<?> p = perTryTimeout;
        perTryTimeout = null;
        if (p != null) {
            p.cancel(false);
        }
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

    private void giveStreamBack() {
        HostState h = exchange.host;
        if (streamHeld && h != null) {
            streamHeld = false;
            worker.pools().released(cluster, h);
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
