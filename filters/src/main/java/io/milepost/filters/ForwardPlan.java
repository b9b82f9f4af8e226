package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.RequestHead;
import io.milepost.mesh.HeaderMutations;
import io.milepost.mesh.OwnHeaders;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.BackendAction;
import io.milepost.mesh.RouteRule;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A compiled {@link RouteAction.Forward}. Order of calls for a request: {@link #pick}, {@link #timeouts} and the hash
 * key ({@link HashKey}) while the head is as the client sent it, {@link #rewrite}, then {@link Timeouts#writeHeaders}
 * for each try.
 */
public final class ForwardPlan {
    /** One destination: its cluster and what goes with it. */
    public static final class Target {
        private final String cluster;
        private final long id;
        private final HeaderRewriter first;
        private final HeaderRewriter second;
        private final HeaderRewriter responseHeaders;
        private final @Nullable AsciiString quietHost;
        private final @Nullable AsciiString host;
        private final PathRewrite path;
        private final List<RouteAction.Mirror> mirrors;
        private final @Nullable Redirects redirect;
        private final @Nullable LocalReply reply;

        private Target(
                RouteAction.Forward action,
                RouteAction.Backend backend,
                RouteRule rule,
                HeaderRewriter first,
                HeaderRewriter second,
                HeaderRewriter responseHeaders,
                @Nullable AsciiString quietHost,
                @Nullable AsciiString host) {
            this.cluster = backend.cluster();
            this.id = action.session().isPresent() ? Session.id(backend.cluster()) : 0;
            this.first = first;
            this.second = second;
            this.responseHeaders = responseHeaders;
            this.quietHost = quietHost;
            this.host = host;
            path = PathRewrite.compile(
                    ownRewrite(backend).or(action::rewrite), rule.match().path());
            mirrors = joined(
                    action.mirrors(), backend.own().map(BackendAction::mirrors).orElse(List.of()));
            RouteAction answer = backend.own().flatMap(BackendAction::answer).orElse(null);
            redirect = answer instanceof RouteAction.Redirect r
                    ? Redirects.compile(r, rule.match().path())
                    : null;
            reply = answer instanceof RouteAction.DirectReply d
                    ? LocalReply.of(d.status(), d.body(), "direct_response", "")
                    : null;
        }

        private static List<RouteAction.Mirror> joined(List<RouteAction.Mirror> a, List<RouteAction.Mirror> b) {
            if (b.isEmpty()) {
                return a;
            }
            List<RouteAction.Mirror> all = new ArrayList<>(a);
            all.addAll(b);
            return List.copyOf(all);
        }

        /** {@link Session#id} of the cluster; only where the rule has sessions. */
        public long id() {
            return id;
        }

        /** What requests for this destination get instead of being forwarded; null when they are forwarded. */
        public @Nullable LocalReply answer(RequestHead request) {
            return redirect == null ? reply : redirect.reply(request);
        }

        /** Clusters that get a copy, with their shares; choose with {@link ForwardPlan#mirrors}. */
        public List<RouteAction.Mirror> mirrors() {
            return mirrors;
        }

        /** Name of the cluster; it need not exist. */
        public String cluster() {
            return cluster;
        }

        /**
         * Changes of the rule and of this destination to the response, also to local replies. Applied once, to the
         * final head.
         */
        public HeaderRewriter responseHeaders() {
            return responseHeaders;
        }
    }

    private final RouteAction.Forward action;
    private final Target[] targets;
    private final WeightedPick weights;
    private final Timeouts timeouts;
    private final RetryDecider retry;
    private final HashKey hash;
    private final @Nullable SessionPlan session;

    private ForwardPlan(RouteAction.Forward f, RouteRule rule) {
        action = f;
        boolean weighted = f.weighted();
        targets = new Target[f.backends().size()];
        int[] w = new int[targets.length];
        for (int i = 0; i < targets.length; i++) {
            RouteAction.Backend b = f.backends().get(i);
            targets[i] = weighted ? weighted(f, b, rule) : single(f, b, rule);
            w[i] = b.weight();
        }
        weights = new WeightedPick(w);
        timeouts = new Timeouts(f.timeouts(), f.retry().perTryTimeoutMillis());
        retry = RetryDecider.compile(f.retry());
        hash = HashKey.compile(f.hashPolicies());
        session = SessionPlan.compile(f.session());
    }

    static ForwardPlan compile(RouteAction.Forward forward, RouteRule rule) {
        return new ForwardPlan(forward, rule);
    }

    /** One backend: as if rule and backend had been written in one list, the rule first. */
    private static Target single(RouteAction.Forward f, RouteAction.Backend b, RouteRule rule) {
        Optional<String> host = ruleHost(f, b, rule).or(() -> b.hostRewrite()).or(() -> hostOf(b.requestHeaders()));
        return new Target(
                f,
                b,
                rule,
                HeaderRewriter.compile(withoutHost(HeaderRewriter.join(rule.requestHeaders(), b.requestHeaders()))),
                HeaderRewriter.NONE,
                HeaderRewriter.compile(HeaderRewriter.join(rule.responseHeaders(), b.responseHeaders())),
                null,
                host.map(AsciiString::of).orElse(null));
    }

    /** Several: the backend's changes precede the rule's; its Host leaves no trace in x-envoy-original-host. */
    private static Target weighted(RouteAction.Forward f, RouteAction.Backend b, RouteRule rule) {
        return new Target(
                f,
                b,
                rule,
                HeaderRewriter.compile(withoutHost(b.requestHeaders())),
                HeaderRewriter.compile(withoutHost(rule.requestHeaders())),
                HeaderRewriter.sequence(
                        HeaderRewriter.compile(b.responseHeaders()), HeaderRewriter.compile(rule.responseHeaders())),
                b.hostRewrite()
                        .or(() -> hostOf(b.requestHeaders()))
                        .map(AsciiString::of)
                        .orElse(null),
                ruleHost(f, b, rule).map(AsciiString::of).orElse(null));
    }

    /** A backend's own rewrite replaces the rule's. */
    private static Optional<String> ruleHost(RouteAction.Forward f, RouteAction.Backend b, RouteRule rule) {
        return ownRewrite(b).or(f::rewrite).flatMap(RouteAction.Rewrite::host).or(() -> hostOf(rule.requestHeaders()));
    }

    private static Optional<RouteAction.Rewrite> ownRewrite(RouteAction.Backend b) {
        return b.own().flatMap(BackendAction::rewrite);
    }

    /** A Host among the headers is a rewrite of the host; set beats add. */
    private static Optional<String> hostOf(HeaderMutations m) {
        String added = null;
        for (HeaderMutations.Op op : m.ops()) {
            if (isLiteralHost(op)) {
                if (op.action() == HeaderMutations.Action.SET) {
                    return Optional.of(op.format());
                }
                added = op.format();
            }
        }
        return Optional.ofNullable(added);
    }

    private static boolean isLiteralHost(HeaderMutations.Op op) {
        return (op.name().equals("host") || op.name().equals(":authority"))
                && op.format().indexOf('%') < 0
                && (op.action() == HeaderMutations.Action.SET || op.action() == HeaderMutations.Action.ADD);
    }

    private static HeaderMutations withoutHost(HeaderMutations m) {
        List<HeaderMutations.Op> ops = new ArrayList<>(m.ops());
        ops.removeIf(ForwardPlan::isLiteralHost);
        return ops.size() == m.ops().size() ? m : new HeaderMutations(m.remove(), ops);
    }

    /** Chooses a destination by weight. */
    public Target pick(long random) {
        return targets.length == 1 ? targets[0] : targets[weights.pick(random)];
    }

    /** The destination of a session, whatever its weight is now; null when the rule has it no more. */
    public @Nullable Target of(Session s) {
        for (Target t : targets) {
            if (t.id == s.cluster()) {
                return t;
            }
        }
        return null;
    }

    /** All destinations, for explanations. */
    public List<Target> targets() {
        return List.of(targets);
    }

    /**
     * Makes the request what the backend is to see: headers, then host ({@code x-envoy-original-host}), then path
     * ({@code x-envoy-original-path}).
     *
     * @param own which of these traces of the original are left
     */
    public void rewrite(RequestHead request, Target target, FormatContext context, OwnHeaders own) {
        target.first.apply(request, context);
        if (target.quietHost != null) {
            request.authority(target.quietHost);
        }
        target.second.apply(request, context);
        if (target.host != null) {
            if (own.forwardedHost()) {
                forwardedHost(request);
            }
            if (own.debug()) {
                request.headers().set(HeaderName.X_ENVOY_ORIGINAL_HOST, request.authority());
            }
            request.authority(target.host);
        }
        target.path.apply(request, own.debug());
    }

    /** The host goes behind those that were replaced before, unless it is the last of them (Utility::updateAuthority). */
    private static void forwardedHost(RequestHead request) {
        AsciiString host = request.authority();
        AsciiString before = request.headers().get(HeaderName.X_FORWARDED_HOST);
        if (host.isEmpty()) {
            return;
        }
        if (before == null || before.isEmpty()) {
            request.headers().set(HeaderName.X_FORWARDED_HOST, host);
        } else if (!before.subSequence(before.lastIndexOf(",") + 1).contentEquals(host)) {
            request.headers()
                    .set(HeaderName.X_FORWARDED_HOST, before.concat(",").concat(host));
        }
    }

    /** How clients stay with an endpoint; null when they don't. */
    public @Nullable SessionPlan session() {
        return session;
    }

    /** Status of the answer when the chosen cluster does not exist. */
    public int missingClusterStatus() {
        return action.missingClusterStatus();
    }

    /** Times of this rule. */
    public Timeouts timeouts() {
        return timeouts;
    }

    /** When to try again. */
    public RetryDecider retry() {
        return retry;
    }

    /** Consistent-hash key of requests; {@link HashKey#isEmpty} without hash policies. */
    public HashKey hash() {
        return hash;
    }

    /** Whether this request is copied to this mirror. */
    public static boolean mirrors(RouteAction.Mirror mirror, long random) {
        return FaultPolicy.hit(random, mirror.perMillion());
    }
}
