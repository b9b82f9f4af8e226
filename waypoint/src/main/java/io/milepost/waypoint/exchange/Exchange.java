package io.milepost.waypoint.exchange;

import io.milepost.filters.CorsPolicy;
import io.milepost.filters.FaultPolicy;
import io.milepost.filters.ForwardPlan;
import io.milepost.filters.HashKey;
import io.milepost.filters.HeaderRewriter;
import io.milepost.filters.LocalReply;
import io.milepost.filters.RetryDecider;
import io.milepost.filters.RetryDecider.Reset;
import io.milepost.filters.RouteDecision;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.Cluster;
import io.milepost.policy.AuthzDecision;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.DownstreamStream;
import io.milepost.waypoint.codec.ExchangeHandler;
import io.milepost.waypoint.codec.HttpDate;
import io.milepost.waypoint.codec.UpstreamStream;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.LoopPools;
import io.milepost.waypoint.upstream.Pick;
import io.milepost.waypoint.upstream.Traits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, top-down: {@link #start} normalises, routes and authorizes; {@link #attempt} picks an
 * endpoint and sends; the {@code on...} methods carry what comes from either side to the other; {@link #finish} logs.
 *
 * <p>It pins the configuration it began with and belongs to one event loop.
 */
final class Exchange extends ExchangeFacts implements ExchangeHandler, UpstreamStream.Listener, LoopPools.Ready, HashKey.CookieJar {
    private final HttpService service;
    private final WorkerContext worker;
    private final DownstreamStream downstream;
    private final ReplayBuffer replay = new ReplayBuffer();
    private final List<HostState> tried = new ArrayList<>(2);

    private @Nullable RouteDecision route;
    private @Nullable ClusterState cluster;
    private @Nullable ForwardPlan plan;
    private ForwardPlan.@Nullable Target target;
    private @Nullable AsciiString corsOrigin;
    private @Nullable UpstreamStream upstream;
    private @Nullable RetryDecider retries;
    private @Nullable ScheduledFuture<?> timeout;
    private @Nullable ScheduledFuture<?> perTryTimeout;
    private long requestMillis;
    private final boolean grpc;
    private final boolean upgrade;
    private AsciiString operation = AsciiString.EMPTY_STRING;
    private boolean requestSent;
    private boolean requestEnded;
    private boolean responseStarted;
    private boolean done;
    private boolean waitedForNames;
    private boolean retryHeld;
    private boolean streamHeld;
    private LoopPools.@Nullable Waiting waiting;
    private boolean hashed;
    private long hash;
    private @Nullable AsciiString cookie;
    private boolean requestPaused;
    private boolean responsePaused;
    private long attemptStartNanos;

    Exchange(
            HttpService service,
            WorkerContext worker,
            ClientConnection client,
            RequestHead request,
            boolean end,
            boolean upgrade,
            DownstreamStream downstream) {
        super(client, request);
        this.service = service;
        this.worker = worker;
        this.downstream = downstream;
        this.requestEnded = end;
        this.upgrade = upgrade;
        this.grpc = LocalReply.isGrpc(request);
    }

    /** The way of a request until it leaves or is answered. */
    void start() {
        try {
            RequestEdge.prepare(request, service.chain().http(), upgrade);
        } catch (BadMessageException e) {
            // Envoy answers these before it notes that the request may already be complete (recorded: http-target).
            downstream.closeAfterResponse();
            replyWith(LocalReply.of(e.status(), "", e.details(), ""));
            return;
        }
        readRemote();
        RouteDecision r = service.routes().route(request);
        route = r;
        if (r != null) {
            routeName = r.rule().name();
            chooseCluster(r);
        }
        AuthzDecision authz = service.policies().decide(this);
        if (!authz.allowed()) {
            replyWith(LocalReply.denied(authz));
        } else if (upgrade && !RequestEdge.isWebSocket(request)) {
            replyWith(LocalReply.of(403, "", "upgrade_failed", ""));
        } else if (r == null) {
            replyWith(LocalReply.NO_ROUTE);
        } else {
            inject(r);
        }
    }

    private void chooseCluster(RouteDecision r) {
        ForwardPlan p = r.forward();
        if (p != null) {
            ForwardPlan.Target t = p.pick(worker.random().nextLong());
            plan = p;
            target = t;
            cluster = worker.clusters().get(t.cluster());
            clusterName = cluster == null ? null : t.cluster();
        }
    }

    /** Faults of the rule: delay, then abort. */
    private void inject(RouteDecision r) {
        FaultPolicy fault = r.fault();
        long delay = fault == null ? 0 : fault.delayMillis(worker.random().nextLong());
        if (fault == null) {
            act(r);
        } else if (delay <= 0) {
            abortOrAct(r, fault);
        } else {
            flags |= ResponseFlags.DELAY_INJECTED;
            worker.loop().schedule(() -> abortOrAct(r, fault), delay, TimeUnit.MILLISECONDS);
        }
    }

    private void abortOrAct(RouteDecision r, FaultPolicy fault) {
        if (done) {
            return;
        }
        LocalReply abort = fault.abort(worker.random().nextLong());
        if (abort != null) {
            replyWith(abort);
        } else {
            act(r);
        }
    }

    /** CORS, then the rule's action. */
    private void act(RouteDecision r) {
        CorsPolicy cors = r.cors();
        if (cors != null) {
            LocalReply preflight = cors.preflight(request);
            if (preflight != null) {
                route = null;
                operation = r.operation();
                replyWith(preflight);
                return;
            }
            if (cors.originMatches(request)) {
                corsOrigin = request.headers().get(HeaderName.ORIGIN);
            }
        }
        if (r.redirect() != null) {
            replyWith(r.redirect().reply(request));
        } else if (r.directReply() != null) {
            replyWith(r.directReply());
        } else {
            forward();
        }
    }

    private void forward() {
        ForwardPlan p = java.util.Objects.requireNonNull(plan, "no plan");
        ForwardPlan.Target t = java.util.Objects.requireNonNull(target, "no target");
        if (cluster == null) {
            replyWith(LocalReply.clusterNotFound(p.missingClusterStatus()));
            return;
        }
        requestMillis = p.timeouts().requestMillis(request, grpc);
        hash(p.hash());
        p.rewrite(request, t, this::operator);
        retries = p.retry();
        if (requestMillis > 0) {
            timeout = worker.loop().schedule(this::onTimeout, requestMillis, TimeUnit.MILLISECONDS);
        }
        attempt();
    }

    private void attemptAgain() {
        if (!done) {
            attempt();
        }
    }

    /** The key of consistent hashing, from the request as the client sent it. */
    private void hash(HashKey key) {
        if (key.isEmpty()) {
            return;
        }
        OptionalLong k = key.of(request, remoteIp(), this);
        hashed = k.isPresent();
        hash = k.orElse(0);
    }

    @Override
    public String connection() {
        return client.remoteText() + " " + client.localText();
    }

    @Override
    public void setCookie(AsciiString line) {
        cookie = line;
    }

    private Pick question() {
        Pick p = worker.pick().begin();
        RetryDecider d = retries;
        if (attempts > 0 && d != null) {
            p.otherPriorities(d.policy().previousPriorities());
            if (d.policy().avoidPreviousHosts()) {
                p.avoiding(tried);
            }
        }
        if (hashed) {
            p.hash(hash);
        }
        return p.destination(client.destination(), client.destinationPort()).authority(request.authority());
    }

    /** Picks an endpoint and opens a stream to it. */
    private void attempt() {
        ClusterState c = java.util.Objects.requireNonNull(cluster, "no cluster");
        Pick pick = question();
        HostState h = c.pick(pick);
        if (h == null) {
            if (!waitedForNames && pick.whenReady(worker.loop(), this::attemptAgain)) {
                waitedForNames = true;
            } else {
                replyWith(UpstreamReplies.noHost(c.cluster(), pick));
            }
            return;
        }
        host = h;
        requestSent = false;
        attempts++;
        tried.add(h);
        h.active().incrementAndGet();
        attemptStartNanos = System.nanoTime();
        ForwardPlan plan0 = java.util.Objects.requireNonNull(plan, "no plan");
        // As Envoy: the first try is told the whole time, however long the request was on its way to it.
        long elapsed = attempts == 1 ? 0 : (attemptStartNanos - startNanos) / 1_000_000;
        plan0.timeouts().writeHeaders(request, grpc, requestMillis, elapsed);
        long perTry = plan0.timeouts().perTryMillis(requestMillis);
        if (perTry > 0) {
            perTryTimeout = worker.loop().schedule(this::onPerTryTimeout, perTry, TimeUnit.MILLISECONDS);
        }
        Cluster.Protocol p = c.cluster().protocol();
        boolean http2 = p == Cluster.Protocol.HTTP2
                || (p == Cluster.Protocol.CLIENT && request.protocol() == RequestHead.Protocol.HTTP_2);
        waiting = worker.pools().open(c, h, http2, traits(c.cluster()), this, this);
    }

    /** What the connection depends on beside its endpoint; nothing in most clusters. */
    private Traits traits(Cluster c) {
        return Traits.matter(c)
                ? Traits.of(
                        c,
                        request.authority().toString(),
                        Traits.address(client.remoteText()),
                        Traits.address(client.localText()))
                : Traits.NONE;
    }

    @Override
    public void onStream(UpstreamStream stream, boolean reused) {
        waiting = null;
        streamHeld = true;
        if (done) {
            stream.cancel();
            giveStreamBack();
            return;
        }
        upstream = stream;
        upstreamLocal = worker.addressText(stream.localAddress());
        boolean headOnly = requestEnded && bytesReceived == 0 && !replay.hasTrailers();
        requestSent = true;
        stream.head(request, headOnly && !upgrade);
        if (!headOnly && upstream != null) {
            replay.writeTo(stream);
            if (!mayRetry()) {
                replay.drop();
            }
        }
        resumeRequest();
    }

    @Override
    public void onFailure(Reset reason, String detail) {
        release();
        if (done) {
            return;
        }
        transportFailure = detail.isEmpty() ? null : detail;
        failed(reason);
    }

    private boolean mayRetry() {
        RetryDecider d = retries;
        return d != null && attempts <= d.attempts() && replay.replayable();
    }

    /** An attempt ended without a response. */
    private void failed(Reset reason) {
        RetryDecider d = retries;
        report(reason);
        if (!responseStarted && d != null && mayRetry() && d.retryReset(reason, requestSent) && takeRetry()) {
            retryLater(d);
            return;
        }
        if (responseStarted) {
            flags |= HttpService.flagOf(reason.flag());
            details = "upstream_reset_after_response_started{" + reason.text().replace(' ', '_') + "}";
            downstream.reset();
            finish();
            return;
        }
        replyWith(LocalReply.upstreamReset(reason, attempts > 1));
    }

    /** Whether the cluster's limit of retries allows another one. */
    private boolean takeRetry() {
        ClusterState c = java.util.Objects.requireNonNull(cluster, "no cluster");
        giveRetryBack();
        retryHeld = c.limits().retry();
        if (!retryHeld) {
            flags |= ResponseFlags.UPSTREAM_OVERFLOW;
        }
        return retryHeld;
    }

    private void giveRetryBack() {
        ClusterState c = cluster;
        if (retryHeld && c != null) {
            retryHeld = false;
            c.limits().retryDone();
        }
    }

    /** What outlier detection should know. */
    private void report(Reset reason) {
        ClusterState c = cluster;
        HostState h = host;
        if (c != null && h != null) {
            c.failed(h, reason);
        }
    }

    private void retryLater(RetryDecider d) {
        long millis = d.backoffMillis(attempts, worker.random().nextLong());
        worker.loop()
                .schedule(
                        () -> {
                            if (!done) {
                                attempt();
                            }
                        },
                        millis,
                        TimeUnit.MILLISECONDS);
    }

    private void onPerTryTimeout() {
        if (done || responseStarted) {
            return;
        }
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null) {
            u.cancel();
        }
        release();
        report(Reset.PER_TRY_TIMEOUT);
        replyWith(LocalReply.upstreamReset(Reset.PER_TRY_TIMEOUT, attempts > 1));
    }

    private void onTimeout() {
        if (done) {
            return;
        }
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null) {
            u.cancel();
        }
        release();
        if (!responseStarted) {
            report(Reset.PER_TRY_TIMEOUT);
        }
        if (responseStarted) {
            flags |= ResponseFlags.UPSTREAM_REQUEST_TIMEOUT;
            details = "response_timeout";
            downstream.reset();
            finish();
        } else {
            replyWith(LocalReply.TIMEOUT);
        }
    }

    // ---- from the client

    @Override
    public void onRequestData(ByteBuf data, boolean end) {
        bytesReceived += data.readableBytes();
        requestEnded |= end;
        UpstreamStream u = upstream;
        if (done) {
            data.release();
            return;
        }
        replay.add(data, end);
        if (u != null) {
            u.data(data, end);
            if (!u.writable()) {
                pauseRequest();
            }
            return;
        }
        if (!replay.replayable()) {
            // More came than may wait: nothing was sent yet, so the request cannot be kept.
            data.release();
            replyWith(LocalReply.of(413, "Payload Too Large", "request_payload_too_large", ""));
            return;
        }
        data.release();
        if (replay.bytes() >= ReplayBuffer.LIMIT / 2) {
            pauseRequest();
        }
    }

    @Override
    public void onRequestTrailers(Headers trailers) {
        requestEnded = true;
        if (done) {
            return;
        }
        replay.trailers(trailers);
        UpstreamStream u = upstream;
        if (u != null) {
            u.trailers(trailers);
        }
    }

    @Override
    public void onDownstreamReset(String why) {
        if (done) {
            return;
        }
        flags |= ResponseFlags.DOWNSTREAM_CONNECTION_TERMINATION;
        details = why;
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null) {
            u.cancel();
        }
        release();
        finish();
    }

    @Override
    public void onDownstreamWritable() {
        UpstreamStream u = upstream;
        if (responsePaused && u != null) {
            responsePaused = false;
            u.readResponse(true);
        }
    }

    private void pauseRequest() {
        if (!requestPaused) {
            requestPaused = true;
            downstream.readRequest(false);
        }
    }

    private void resumeRequest() {
        UpstreamStream u = upstream;
        if (requestPaused && u != null && u.writable()) {
            requestPaused = false;
            downstream.readRequest(true);
        }
    }

    // ---- from the endpoint

    @Override
    public void onInformational(ResponseHead head) {
        if (!done && !responseStarted) {
            downstream.informational(head);
        }
    }

    @Override
    public void onHead(ResponseHead head, boolean end) {
        if (done) {
            return;
        }
        ClusterState c = cluster;
        HostState h0 = host;
        if (c != null && h0 != null) {
            c.answered(h0, UpstreamReplies.statusForOutliers(head, grpc));
        }
        RetryDecider d = retries;
        if (d != null && mayRetry() && d.retryResponse(head, end) && takeRetry()) {
            UpstreamStream u = upstream;
            upstream = null;
            if (u != null) {
                u.cancel();
            }
            release();
            retryLater(d);
            return;
        }
        replay.drop();
        responseStarted = true;
        response = head;
        details = "via_upstream";
        Headers h = head.headers();
        if (head.status() != 101) {
            h.set(HeaderName.X_ENVOY_UPSTREAM_SERVICE_TIME, millisText(System.nanoTime() - attemptStartNanos));
        }
        AsciiString line = cookie;
        if (line != null) {
            h.add(HeaderName.SET_COOKIE, line);
        }
        decorate(head);
        rewriteResponse(head);
        downstream.head(head, end);
        if (end) {
            completed();
        }
    }

    /** What the connection manager puts on every response. */
    private void decorate(ResponseHead head) {
        Headers h = head.headers();
        h.set(HeaderName.SERVER, service.serverName());
        if (!h.contains(HeaderName.DATE)) {
            h.add(HeaderName.DATE, HttpDate.now());
        }
        RouteDecision r = route;
        AsciiString o = r == null ? operation : r.operation();
        if (!o.isEmpty()) {
            h.set(HeaderName.X_ENVOY_DECORATOR_OPERATION, o);
        }
    }

    /** What the rule and its backend change in any answer. */
    private void rewriteResponse(ResponseHead head) {
        RouteDecision r = route;
        if (r == null) {
            return;
        }
        ForwardPlan.Target t = target;
        HeaderRewriter w = t == null ? r.responseHeaders() : t.responseHeaders();
        if (!w.isEmpty()) {
            w.apply(head, request, this::operator);
        }
        CorsPolicy cors = r.cors();
        AsciiString origin = corsOrigin;
        if (cors != null && origin != null) {
            cors.onResponse(head, origin);
        }
    }

    private static AsciiString millisText(long nanos) {
        long ms = nanos / 1_000_000;
        return ms < SMALL.length ? SMALL[(int) ms] : new AsciiString(Long.toString(ms));
    }

    private static final AsciiString[] SMALL = new AsciiString[256];

    static {
        for (int i = 0; i < SMALL.length; i++) {
            SMALL[i] = new AsciiString(Integer.toString(i));
        }
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
        if (done) {
            data.release();
            return;
        }
        bytesSent += data.readableBytes();
        downstream.data(data, end);
        if (end) {
            completed();
        } else if (!downstream.writable()) {
            UpstreamStream u = upstream;
            if (u != null && !responsePaused) {
                responsePaused = true;
                u.readResponse(false);
            }
        }
    }

    @Override
    public void onTrailers(Headers trailers) {
        if (done) {
            return;
        }
        responseTrailers = trailers;
        downstream.trailers(trailers);
        completed();
    }

    private void completed() {
        UpstreamStream u = upstream;
        upstream = null;
        if (u != null && !requestEnded) {
            // An early final response: the application does not want the rest of the request.
            u.cancel();
        }
        release();
        finish();
    }

    @Override
    public void onReset(Reset reason, String detail) {
        upstream = null;
        release();
        if (!done) {
            transportFailure = detail.isEmpty() ? null : detail;
            failed(reason);
        }
    }

    @Override
    public void onWritable() {
        resumeRequest();
    }

    /** Gives the endpoint back to the balancer; once per attempt. */
    private void release() {
        LoopPools.Waiting w = waiting;
        waiting = null;
        if (w != null) {
            w.cancel();
        }
        giveStreamBack();
        HostState h = host;
        if (h != null && activeCounted()) {
            h.active().decrementAndGet();
        }
    }

    private void giveStreamBack() {
        ClusterState c = cluster;
        HostState h = host;
        if (streamHeld && c != null && h != null) {
            streamHeld = false;
            worker.pools().released(c, h);
        }
    }

    private int releasedAttempts;

    private boolean activeCounted() {
        if (releasedAttempts == attempts) {
            return false;
        }
        releasedAttempts = attempts;
        return true;
    }

    // ---- answers of our own

    private void replyWith(LocalReply reply) {
        if (!requestEnded) {
            // Recorded: a local reply before the request was read ends the connection.
            downstream.closeAfterResponse();
        }
        ResponseHead head = reply.head(grpc);
        flags |= HttpService.flagsOf(reply.flags());
        details = reply.details();
        responseStarted = true;
        response = head;
        decorate(head);
        rewriteResponse(head);
        if (reply.hasBody(grpc, request)) {
            AsciiString body = reply.body();
            bytesSent += body.length();
            downstream.head(head, false);
            downstream.data(Unpooled.wrappedBuffer(body.array(), body.arrayOffset(), body.length()), true);
        } else {
            downstream.head(head, true);
        }
        release();
        finish();
    }

    private @Nullable String operator(String name, String arguments) {
        CharSequence v = switch (name) {
            case "UPSTREAM_HOST" -> upstreamHost();
            case "DOWNSTREAM_REMOTE_ADDRESS" -> downstreamRemoteAddress();
            case "DOWNSTREAM_LOCAL_ADDRESS" -> downstreamLocalAddress();
            case "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" -> remoteIp().toString();
            case "DOWNSTREAM_PEER_URI_SAN" -> peerPrincipal();
            case "UPSTREAM_CLUSTER" -> upstreamCluster();
            case "ROUTE_NAME" -> routeName();
            case "PROTOCOL" -> request.protocol().toString();
            case "RESPONSE_CODE_DETAILS" -> details;
            default -> null;
        };
        return v == null ? null : v.toString();
    }

    private void finish() {
        if (done) {
            return;
        }
        done = true;
        giveRetryBack();
        endNanos = System.nanoTime();
        ScheduledFuture<?> t = timeout;
        if (t != null) {
            t.cancel(false);
        }
        ScheduledFuture<?> p = perTryTimeout;
        if (p != null) {
            p.cancel(false);
        }
        replay.drop();
        service.log(this);
    }
}
