package io.milepost.http;

import io.netty.util.AsciiString;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Headers of which Envoy keeps one line: further lines are joined with a comma, empty ones add nothing. What matches,
 * policies, logs and backends see is the joined line. Which names these are was asked of Envoy 1.40.0.
 */
public final class JoinedHeaders {
    private static final Set<HeaderName> BOTH = names(
            "cache-control",
            "connection",
            "content-encoding",
            "content-type",
            "keep-alive",
            "proxy-connection",
            "proxy-status",
            "upgrade",
            "via",
            "x-envoy-attempt-count",
            "x-envoy-decorator-operation",
            "x-request-id");

    private static final Set<HeaderName> REQUEST = with(
            BOTH,
            names(
                    "accept",
                    "accept-encoding",
                    "access-control-request-headers",
                    "access-control-request-method",
                    "access-control-request-private-network",
                    "authorization",
                    "cdn-loop",
                    "expect",
                    "grpc-accept-encoding",
                    "grpc-timeout",
                    "if-match",
                    "if-modified-since",
                    "if-none-match",
                    "if-range",
                    "if-unmodified-since",
                    "origin",
                    "pragma",
                    "referer",
                    "te",
                    "user-agent",
                    "x-client-trace-id",
                    "x-envoy-downstream-service-cluster",
                    "x-envoy-downstream-service-node",
                    "x-envoy-external-address",
                    "x-envoy-original-host",
                    "x-envoy-original-path",
                    "x-forwarded-client-cert",
                    "x-forwarded-for",
                    "x-forwarded-host",
                    "x-forwarded-port",
                    "x-forwarded-proto"));

    private static final Set<HeaderName> RESPONSE = with(
            BOTH,
            names(
                    "access-control-allow-credentials",
                    "access-control-allow-headers",
                    "access-control-allow-methods",
                    "access-control-allow-origin",
                    "access-control-allow-private-network",
                    "access-control-expose-headers",
                    "access-control-max-age",
                    "age",
                    "date",
                    "etag",
                    "expires",
                    "grpc-message",
                    "grpc-status",
                    "last-modified",
                    "location",
                    "server",
                    "vary",
                    "x-envoy-degraded",
                    "x-envoy-immediate-health-check-fail",
                    "x-envoy-ratelimited",
                    "x-envoy-upstream-canary",
                    "x-envoy-upstream-healthchecked-cluster"));

    private static final long REQUEST_MARKS = marks(REQUEST);
    private static final long RESPONSE_MARKS = marks(RESPONSE);
    private static final AsciiString COMMA = AsciiString.cached(",");

    private JoinedHeaders() {}

    private static Set<HeaderName> names(String... names) {
        return Stream.of(names).map(HeaderName::of).collect(Collectors.toUnmodifiableSet());
    }

    private static Set<HeaderName> with(Set<HeaderName> a, Set<HeaderName> b) {
        return Stream.concat(a.stream(), b.stream()).collect(Collectors.toUnmodifiableSet());
    }

    /** One bit per name, so that headers without repeated names cost one pass. */
    private static long marks(Set<HeaderName> names) {
        long m = 0;
        for (HeaderName n : names) {
            m |= 1L << n.hashCode();
        }
        return m;
    }

    /** Whether lines of this name are joined in a request. */
    public static boolean inRequest(HeaderName name) {
        return REQUEST.contains(name);
    }

    /** Whether lines of this name are joined in a response. */
    public static boolean inResponse(HeaderName name) {
        return RESPONSE.contains(name);
    }

    public static void joinRequest(Headers h) {
        join(h, REQUEST, REQUEST_MARKS);
    }

    public static void joinResponse(Headers h) {
        join(h, RESPONSE, RESPONSE_MARKS);
    }

    private static void join(Headers h, Set<HeaderName> names, long marks) {
        long seen = 0;
        for (int i = 0; i < h.size(); i++) {
            long bit = 1L << h.name(i).hashCode();
            if ((marks & seen & bit) != 0) {
                joinRepeated(h, names);
                return;
            }
            seen |= bit;
        }
    }

    private static void joinRepeated(Headers h, Set<HeaderName> names) {
        for (int i = 0; i < h.size(); i++) {
            HeaderName n = h.name(i);
            int next = h.indexOf(n, i + 1);
            if (next < 0 || !names.contains(n)) {
                continue;
            }
            AsciiString all = h.value(i);
            while (next >= 0) {
                all = append(all, h.value(next));
                h.removeAt(next);
                next = h.indexOf(n, next);
            }
            h.setValue(i, all);
        }
    }

    /** The joined value. */
    public static AsciiString append(AsciiString value, AsciiString more) {
        if (more.isEmpty()) {
            return value;
        }
        return value.isEmpty() ? more : value.concat(COMMA).concat(more);
    }
}
