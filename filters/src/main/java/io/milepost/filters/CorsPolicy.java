package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.RouteRule;
import io.milepost.policy.StringMatcher;
import io.netty.util.AsciiString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compiled CORS of a rule: Envoy's filter, decision by decision. */
public final class CorsPolicy {
    private static final AsciiString STAR = AsciiString.cached("*");
    private static final HeaderName ALLOW_ORIGIN = HeaderName.of("access-control-allow-origin");
    private static final HeaderName ALLOW_CREDENTIALS = HeaderName.of("access-control-allow-credentials");
    private static final HeaderName ALLOW_METHODS = HeaderName.of("access-control-allow-methods");
    private static final HeaderName ALLOW_HEADERS = HeaderName.of("access-control-allow-headers");
    private static final HeaderName EXPOSE_HEADERS = HeaderName.of("access-control-expose-headers");
    private static final HeaderName MAX_AGE = HeaderName.of("access-control-max-age");
    private static final HeaderName REQUEST_METHOD = HeaderName.of("access-control-request-method");
    private static final HeaderName REQUEST_HEADERS = HeaderName.of("access-control-request-headers");
    private static final AsciiString OPTIONS = AsciiString.cached("OPTIONS");
    private static final AsciiString TRUE = AsciiString.cached("true");
    private static final LocalReply PREFLIGHT = LocalReply.of(200, "", "cors_response", "");

    private final StringMatcher[] origins;
    private final AsciiString methods;
    private final AsciiString headers;
    private final AsciiString expose;
    private final AsciiString maxAge;
    private final boolean credentials;
    private final boolean forwardUnmatched;

    private CorsPolicy(RouteRule.Cors c) {
        origins = c.allowOrigins().stream().map(StringMatcher::compile).toArray(StringMatcher[]::new);
        methods = joined(c.allowMethods());
        headers = joined(c.allowHeaders());
        expose = joined(c.exposeHeaders());
        maxAge = AsciiString.of(c.maxAge());
        credentials = c.allowCredentials().orElse(false);
        forwardUnmatched = c.forwardUnmatchedPreflights();
    }

    public static CorsPolicy compile(RouteRule.Cors cors) {
        return new CorsPolicy(cors);
    }

    private static AsciiString joined(List<String> values) {
        return AsciiString.of(String.join(",", values));
    }

    /** Whether the request comes from an origin of the policy; false without {@code origin}. */
    public boolean originMatches(RequestHead request) {
        AsciiString origin = request.headers().get(HeaderName.ORIGIN);
        if (origin == null || origin.isEmpty()) {
            return false;
        }
        for (StringMatcher m : origins) {
            // An exact * stands for every origin, as in Envoy (recorded: vs-cors).
            if (m.matches(origin) || m.matches(STAR)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The answer to a preflight; null when the request must go on. The requested method is not checked (recorded from
     * Envoy).
     */
    public @Nullable LocalReply preflight(RequestHead request) {
        if (!isPreflight(request)) {
            return null;
        }
        AsciiString origin = request.headers().get(HeaderName.ORIGIN);
        AsciiString method = request.headers().get(REQUEST_METHOD);
        boolean known = originMatches(request);
        if (!known && forwardUnmatched) {
            return null;
        }
        LocalReply r = PREFLIGHT;
        if (known && origin != null) {
            r = r.withHeader(ALLOW_ORIGIN, origin);
        }
        if (credentials) {
            r = r.withHeader(ALLOW_CREDENTIALS, TRUE);
        }
        r = list(r, ALLOW_METHODS, methods, method);
        r = list(r, ALLOW_HEADERS, headers, request.headers().get(REQUEST_HEADERS));
        if (known && !expose.isEmpty()) {
            r = r.withHeader(EXPOSE_HEADERS, expose);
        }
        return maxAge.isEmpty() ? r : r.withHeader(MAX_AGE, maxAge);
    }

    private static boolean isPreflight(RequestHead request) {
        if (!request.method().contentEquals(OPTIONS)) {
            return false;
        }
        AsciiString origin = request.headers().get(HeaderName.ORIGIN);
        AsciiString method = request.headers().get(REQUEST_METHOD);
        return origin != null && !origin.isEmpty() && method != null && !method.isEmpty();
    }

    /** Whether {@link #preflight} gives an answer. */
    boolean answersPreflight(RequestHead request) {
        return isPreflight(request) && (!forwardUnmatched || originMatches(request));
    }

    /** A star is answered with what was asked for. */
    private static LocalReply list(LocalReply r, HeaderName name, AsciiString value, @Nullable AsciiString asked) {
        if (value.contentEquals("*")) {
            return r.withHeader(name, asked == null ? AsciiString.EMPTY_STRING : asked);
        }
        return value.isEmpty() ? r : r.withHeader(name, value);
    }

    /** Completes a response; {@code origin} of a request that {@link #originMatches}. Overwrites what the backend said. */
    public void onResponse(ResponseHead response, AsciiString origin) {
        Headers h = response.headers();
        h.set(ALLOW_ORIGIN, origin);
        if (credentials) {
            h.set(ALLOW_CREDENTIALS, TRUE);
        }
        if (!expose.isEmpty()) {
            h.set(EXPOSE_HEADERS, expose);
        }
    }
}
