package io.milepost.waypoint.exchange;

import io.milepost.filters.CorsHttpFilter;
import io.milepost.filters.FilterContext;
import io.milepost.filters.FilterResult;
import io.milepost.filters.ForwardPlan;
import io.milepost.filters.HeaderRewriter;
import io.milepost.filters.HttpFilter;
import io.milepost.filters.LocalReply;
import io.milepost.filters.RouteDecision;
import io.milepost.filters.Session;
import io.milepost.filters.SessionPlan;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.OwnHeaders;
import io.milepost.policy.Attributes;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.DownstreamStream;
import io.milepost.waypoint.codec.ExchangeHandler;
import io.milepost.waypoint.codec.HttpDate;
import io.milepost.waypoint.upstream.ClusterState;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, top-down: {@link #start} normalises and routes; {@link #filter} asks policies, faults and
 * CORS; {@link #act} answers itself or hands over to {@link Forwarding}; {@link #finish} logs.
 *
 * <p>It pins the configuration it began with and belongs to one event loop.
 */
final class Exchange extends ExchangeFacts implements ExchangeHandler, FilterContext {
    final HttpService service;
    final DownstreamStream downstream;
    final RequestBody body;
    final boolean grpc;
    final boolean upgrade;
    boolean requestEnded;
    /** Whether the request ended with its head: an empty body that came apart from it keeps its framing. */
    final boolean headOnly;

    boolean done;

    ForwardPlan.@Nullable Target target;

    /** What the client said of its session; null when it has none, or the rule keeps none. */
    @Nullable
    Session session;

    private @Nullable RouteDecision route;
    private @Nullable Forwarding forwarding;
    private @Nullable ScheduledFuture<?> delay;
    private int nextFilter;
    private int reachedFilters;
    private boolean preflightAnswered;
    private boolean requestPaused;
    /** Content type of an answer of our own, unless a rule names another. */
    private @Nullable AsciiString ownType;

    Exchange(
            HttpService service,
            WorkerContext worker,
            ClientConnection client,
            RequestHead request,
            boolean end,
            boolean upgrade,
            DownstreamStream downstream) {
        super(client, worker, request);
        this.service = service;
        this.downstream = downstream;
        this.body = RequestBody.replayed(worker.bodies());
        this.requestEnded = end;
        this.headOnly = end;
        if (end) {
            requestReceivedNanos = startNanos;
        }
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
            answer(LocalReply.of(e.status(), "", e.details(), ""));
            return;
        }
        readRemote();
        LocalReply notServed = RequestEdge.notServed(request);
        if (notServed != null) {
            if (notServed.status() == 400) {
                downstream.closeAfterResponse();
            }
            answer(notServed);
            return;
        }
        RouteDecision r =
                RequestEdge.isRoutable(request) ? service.routes(client).route(request) : null;
        route = r;
        if (r != null) {
            routeName = r.rule().name();
            routeConfig = r.rule().config();
            ForwardPlan p = r.forward();
            if (p != null) {
                chooseCluster(p);
            }
        }
        filter();
    }

    /** The backend is drawn before policies are asked: a denied request is logged with it. */
    private void chooseCluster(ForwardPlan plan) {
        ForwardPlan.Target t = ofSession(plan);
        if (t == null) {
            t = plan.pick(worker.random().nextLong());
        }
        target = t;
        cluster = worker.clusters().get(t.cluster());
    }

    /** Where the client's session is; null without one. */
    private ForwardPlan.@Nullable Target ofSession(ForwardPlan plan) {
        SessionPlan sessions = plan.session();
        Session s = sessions == null ? null : sessions.read(request, System.currentTimeMillis());
        session = s;
        return s == null ? null : plan.of(s);
    }

    /** Asks the filters from where it left off, then acts. */
    private void filter() {
        HttpFilter[] filters = service.filters();
        while (nextFilter < filters.length) {
            HttpFilter f = filters[nextFilter++];
            reachedFilters = nextFilter;
            FilterResult result = f.onRequest(this);
            switch (result) {
                case FilterResult.Continue go -> {}
                case FilterResult.Reply reply -> {
                    preflightAnswered = f instanceof CorsHttpFilter;
                    answer(reply.reply());
                    return;
                }
                case FilterResult.Suspend wait -> {
                    return;
                }
            }
        }
        act();
    }

    /** What the rule says: redirect, answer, or forward. */
    private void act() {
        RouteDecision r = route;
        if (r == null) {
            answer(LocalReply.NO_ROUTE);
        } else if (r.redirect() != null) {
            answer(r.redirect().reply(request));
        } else if (r.directReply() != null) {
            answer(r.directReply());
        } else {
            ForwardPlan p = java.util.Objects.requireNonNull(r.forward(), "a rule does one of three");
            ForwardPlan.Target t = java.util.Objects.requireNonNull(target, "no target");
            ClusterState c = cluster;
            LocalReply own = t.answer(request);
            if (own != null) {
                answer(own);
            } else if (c == null) {
                answer(LocalReply.clusterNotFound(p.missingClusterStatus()));
            } else {
                Forwarding f = new Forwarding(this, p, t, c);
                forwarding = f;
                f.start();
            }
        }
    }

    // ---- for filters

    @Override
    public Attributes attributes() {
        return this;
    }

    @Override
    public @Nullable RouteDecision route() {
        return route;
    }

    @Override
    public void resume() {
        onLoop(this::filter);
    }

    @Override
    public void reply(LocalReply reply) {
        onLoop(() -> answer(reply));
    }

    private void onLoop(Runnable step) {
        if (!worker.loop().inEventLoop()) {
            worker.loop().execute(() -> onLoop(step));
        } else if (!done) {
            step.run();
        }
    }

    @Override
    public void schedule(long delayMillis, Runnable task) {
        onLoop(() -> delay = worker.loop().schedule(() -> onLoop(task), delayMillis, TimeUnit.MILLISECONDS));
    }

    @Override
    public long random() {
        return worker.random().nextLong();
    }

    @Override
    public void flag(String flag) {
        flags |= HttpService.flagOf(flag);
    }

    // ---- from the client

    @Override
    public void onRequestData(ByteBuf data, boolean end) {
        if (done) {
            data.release();
            return;
        }
        bytesReceived += data.readableBytes();
        if (end) {
            requestEnded = true;
            requestReceivedNanos = System.nanoTime();
        }
        Forwarding f = forwarding;
        if (f != null && f.takes(data, end)) {
            return;
        }
        switch (body.hold(data, end)) {
            case WAITS -> {
                if (body.isEnough()) {
                    pauseRequest();
                }
            }
            case TOO_LARGE -> answer(UpstreamReplies.bodyTooLarge(f != null));
            case NO_ROOM -> answer(UpstreamReplies.NO_ROOM_FOR_BODY);
        }
    }

    @Override
    public void onRequestTrailers(Headers trailers) {
        requestEnded = true;
        requestReceivedNanos = System.nanoTime();
        if (done) {
            return;
        }
        body.trailers(trailers);
        Forwarding f = forwarding;
        if (f != null) {
            f.takeTrailers(trailers);
        }
    }

    @Override
    public void onDownstreamReset(String why) {
        if (done) {
            return;
        }
        flags |= ResponseFlags.DOWNSTREAM_CONNECTION_TERMINATION;
        details = why;
        finish();
    }

    @Override
    public void onRequestError(BadMessageException e, long bytes) {
        if (done) {
            return;
        }
        flags |= ResponseFlags.DOWNSTREAM_PROTOCOL_ERROR;
        details = e.details();
        bytesSent += bytes;
        response = new ResponseHead(e.status(), new Headers(1).add(HeaderName.CONNECTION, "close"));
        finish();
    }

    @Override
    public void onDownstreamWritable() {
        Forwarding f = forwarding;
        if (f != null) {
            f.resumeResponse();
        }
    }

    void pauseRequest() {
        if (!requestPaused) {
            requestPaused = true;
            downstream.readRequest(false);
        }
    }

    void resumeRequest() {
        if (requestPaused) {
            requestPaused = false;
            downstream.readRequest(true);
        }
    }

    // ---- to the client

    /** The final head of the backend or of an answer of ours. */
    void respond(ResponseHead head, boolean end) {
        response = head;
        Headers h = head.headers();
        if (!h.contains(HeaderName.DATE)) {
            h.add(HeaderName.DATE, HttpDate.now());
        }
        RouteDecision r = route;
        if (r != null) {
            if (!r.operation().isEmpty()) {
                h.set(HeaderName.X_ENVOY_DECORATOR_OPERATION, r.operation());
            }
            if (!preflightAnswered) {
                rewrite(r, head);
            }
        }
        HttpFilter[] filters = service.filters();
        for (int i = reachedFilters - 1; i >= 0; i--) {
            filters[i].onResponse(this, head);
        }
        AsciiString own = ownType;
        if (own != null && (grpc || !h.contains(HeaderName.CONTENT_TYPE))) {
            h.set(HeaderName.CONTENT_TYPE, own);
        }
        // Last, as Envoy: what a rule sets as server does not count (recorded: gw-resp-headers).
        if (ownHeaders().server()) {
            h.set(HeaderName.SERVER, service.serverName());
        }
        downstream.head(head, end);
    }

    /** Which headers we write of our own accord. */
    OwnHeaders ownHeaders() {
        return service.chain().http().headers();
    }

    /** What the rule and its backend change in any answer. */
    private void rewrite(RouteDecision r, ResponseHead head) {
        ForwardPlan.Target t = target;
        HeaderRewriter w = t == null ? r.responseHeaders() : t.responseHeaders();
        if (!w.isEmpty()) {
            w.apply(head, request, this::operator);
        }
    }

    /** An answer of our own; the exchange is over. */
    void answer(LocalReply reply) {
        if (!requestEnded) {
            // Recorded: a local reply before the request was read ends the connection.
            downstream.closeAfterResponse();
        }
        flags |= HttpService.flagsOf(reply.flags());
        details = reply.details();
        // Envoy writes the answer to a preflight itself: it is the same for gRPC (asked of Envoy 1.40.0).
        boolean asGrpc = grpc && !preflightAnswered;
        boolean withBody = reply.hasBody(asGrpc, request);
        ResponseHead head = reply.head(asGrpc);
        if (reply.body().isEmpty()) {
            // The codec says it: HTTP/2 by END_STREAM (recorded: gw-nobody), HTTP/1.1 to HEAD as chunked (vs-missing).
            head.headers().remove(HeaderName.CONTENT_LENGTH);
        }
        if (asGrpc && request.method().contentEquals("HEAD")) {
            // The message counts as a body (asked of Envoy 1.40.0).
            head.headers().remove(HeaderName.GRPC_MESSAGE);
        }
        // A rule that adds a content type replaces ours (recorded: vs-direct), but not that of gRPC (asked of Envoy
        // 1.40.0).
        ownType = head.headers().get(HeaderName.CONTENT_TYPE);
        head.headers().remove(HeaderName.CONTENT_TYPE);
        respond(head, !withBody);
        if (withBody) {
            AsciiString text = reply.body();
            bytesSent += text.length();
            downstream.data(Unpooled.wrappedBuffer(text.array(), text.arrayOffset(), text.length()), true);
        }
        finish();
    }

    @Override
    public CharSequence filterChainName() {
        return service.chain().name();
    }

    /** Values of the formats in header changes. */
    @Nullable
    String operator(String name, String arguments) {
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
            case "RESPONSE_FLAGS" -> ResponseFlags.text(flags, false);
            default -> null;
        };
        return v == null ? null : v.toString();
    }

    void finish() {
        if (done) {
            return;
        }
        done = true;
        endNanos = System.nanoTime();
        ScheduledFuture<?> d = delay;
        if (d != null) {
            // A delay may be configured for hours; a client that left must not be kept for them.
            d.cancel(false);
        }
        Forwarding f = forwarding;
        if (f != null) {
            f.end();
        }
        body.drop();
        service.log(this);
    }
}
