package io.milepost.filters;

import com.google.re2j.PatternSyntaxException;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteRule;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * A compiled rule: what a request that it matched is to experience. Immutable; one instance per rule, so that deciding
 * allocates nothing. Exactly one of {@link #forward()}, {@link #redirect()} and {@link #directReply()} is not null.
 */
public final class RouteDecision {
    private final RouteRule rule;
    private final int index;
    private final RequestMatcher matcher;
    private final @Nullable ForwardPlan forward;
    private final @Nullable Redirects redirect;
    private final @Nullable LocalReply directReply;
    private final HeaderRewriter responseHeaders;
    private final @Nullable CorsPolicy cors;
    private final @Nullable FaultPolicy fault;
    private final AsciiString operation;

    private RouteDecision(RouteRule rule, int index) {
        this.rule = rule;
        this.index = index;
        matcher = new RequestMatcher(rule.match());
        responseHeaders = HeaderRewriter.compile(rule.responseHeaders());
        cors = rule.cors().map(CorsPolicy::compile).orElse(null);
        fault = rule.fault().map(FaultPolicy::new).orElse(null);
        operation = AsciiString.of(rule.operation());
        switch (rule.action()) {
            case RouteAction.Forward f -> {
                forward = ForwardPlan.compile(f, rule);
                redirect = null;
                directReply = null;
            }
            case RouteAction.Redirect r -> {
                forward = null;
                redirect = Redirects.compile(r, rule.match().path());
                directReply = null;
            }
            case RouteAction.DirectReply d -> {
                forward = null;
                redirect = null;
                directReply = LocalReply.of(d.status(), d.body(), "direct_response", "");
            }
        }
    }

    static RouteDecision compile(RouteRule rule, int index) {
        try {
            return new RouteDecision(rule, index);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    rule.source() + ": the regular expression \"" + e.getPattern() + "\" of rule \"" + rule.name()
                            + "\" is not RE2 (" + e.getDescription() + "); correct it in that rule",
                    e);
        }
    }

    RequestMatcher matcher() {
        return matcher;
    }

    /** The rule as configured: name for {@code %ROUTE_NAME%}, source for explanations. */
    public RouteRule rule() {
        return rule;
    }

    /** Position in the table, from 0. */
    public int index() {
        return index;
    }

    /** How to forward; null for redirects and direct replies. */
    public @Nullable ForwardPlan forward() {
        return forward;
    }

    /** Where to redirect; null for other actions. */
    public @Nullable Redirects redirect() {
        return redirect;
    }

    /** The answer given by the route itself; null for other actions. */
    public @Nullable LocalReply directReply() {
        return directReply;
    }

    /**
     * Changes to the response that hold for every answer of this rule (redirects, direct and local replies too). A
     * forwarded request uses {@link ForwardPlan.Target#responseHeaders()} instead, which includes these.
     */
    public HeaderRewriter responseHeaders() {
        return responseHeaders;
    }

    /** CORS of the rule; null without, and ignored on redirects (recorded from Envoy). */
    public @Nullable CorsPolicy cors() {
        return redirect == null ? cors : null;
    }

    /** Fault injection of the rule; null without. */
    public @Nullable FaultPolicy fault() {
        return fault;
    }

    /** Value of {@code x-envoy-decorator-operation} on responses; empty for none. */
    public AsciiString operation() {
        return operation;
    }
}
