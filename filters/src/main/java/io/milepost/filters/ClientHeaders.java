package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.util.AsciiString;

/**
 * Headers that must not pass a proxy: hop-by-hop ones, and those by which a client could steer the router or claim an
 * identity. What is kept and removed was recorded from Envoy.
 */
public final class ClientHeaders {
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");

    /** Control and trust headers, removed from every request. */
    private static final HeaderName[] REMOVED = {
        HeaderName.X_FORWARDED_CLIENT_CERT,
        HeaderName.X_ENVOY_INTERNAL,
        HeaderName.X_ENVOY_DECORATOR_OPERATION,
        HeaderName.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
        HeaderName.of("x-envoy-retry-on"),
        HeaderName.of("x-envoy-retry-grpc-on"),
        HeaderName.of("x-envoy-max-retries"),
        HeaderName.of("x-envoy-retriable-status-codes"),
        HeaderName.of("x-envoy-retriable-header-names"),
        HeaderName.of("x-envoy-is-timeout-retry"),
        HeaderName.of("x-envoy-upstream-rq-timeout-ms"),
        HeaderName.of("x-envoy-upstream-rq-per-try-timeout-ms"),
        HeaderName.of("x-envoy-upstream-rq-timeout-alt-response"),
        HeaderName.of("x-envoy-upstream-alt-stat-name"),
        HeaderName.of("x-envoy-upstream-stream-duration-ms"),
        HeaderName.of("x-envoy-hedge-on-per-try-timeout"),
        HeaderName.of("x-envoy-ip-tags"),
        HeaderName.of("x-envoy-force-trace")
    };

    private static final long MARKS = marks(REMOVED);

    private ClientHeaders() {}

    /** One bit per name, so that a request without any such header costs one pass. */
    private static long marks(HeaderName... names) {
        long m = 0;
        for (HeaderName n : names) {
            m |= 1L << n.hashCode();
        }
        return m;
    }

    /**
     * Cleans a request from a client: hop-by-hop headers (and those that {@code connection} lists), control headers.
     *
     * @param upgrade whether this is an accepted upgrade; {@code connection} and {@code upgrade} then stay
     */
    public static void cleanRequest(RequestHead request, boolean upgrade) {
        Headers h = request.headers();
        if (!upgrade) {
            removeListed(h);
            h.remove(HeaderName.CONNECTION);
            h.remove(HeaderName.UPGRADE);
        }
        h.remove(HeaderName.KEEP_ALIVE);
        h.remove(HeaderName.PROXY_CONNECTION);
        onlyTrailers(h);
        for (int i = h.size() - 1; i >= 0; i--) {
            HeaderName n = h.name(i);
            if ((MARKS >>> n.hashCode() & 1) != 0 && isRemoved(n)) {
                h.removeAt(i);
            }
        }
    }

    private static boolean isRemoved(HeaderName name) {
        for (HeaderName n : REMOVED) {
            if (n.equals(name)) {
                return true;
            }
        }
        return false;
    }

    /** {@code te} survives with its value trailers only, even when connection lists it. */
    private static void onlyTrailers(Headers h) {
        int i = h.indexOf(HeaderName.TE, 0);
        if (i < 0) {
            return;
        }
        boolean trailers = false;
        for (int k = i; k >= 0; k = h.indexOf(HeaderName.TE, k + 1)) {
            AsciiString v = h.value(k);
            int at = 0;
            while (at <= v.length()) {
                int end = v.indexOf(",", at);
                end = end < 0 ? v.length() : end;
                trailers |= v.subSequence(at, end, false).trim().contentEqualsIgnoreCase(TRAILERS);
                at = end + 1;
            }
        }
        if (trailers) {
            h.set(HeaderName.TE, TRAILERS);
        } else {
            h.remove(HeaderName.TE);
        }
    }

    private static void removeListed(Headers h) {
        int lines = h.count(HeaderName.CONNECTION);
        for (int k = 0; k < lines; k++) {
            // Removals move lines, so the k-th is looked up anew.
            int i = h.indexOf(HeaderName.CONNECTION, 0);
            for (int n = 0; n < k; n++) {
                i = h.indexOf(HeaderName.CONNECTION, i + 1);
            }
            AsciiString v = h.value(i);
            int at = 0;
            while (at < v.length()) {
                int end = v.indexOf(",", at);
                end = end < 0 ? v.length() : end;
                AsciiString token = v.subSequence(at, end, false).trim();
                if (!token.isEmpty()
                        && !token.contentEqualsIgnoreCase("close")
                        && !token.contentEqualsIgnoreCase("keep-alive")
                        && !token.contentEqualsIgnoreCase("connection")
                        && !token.contentEqualsIgnoreCase("te")) {
                    h.remove(HeaderName.of(token));
                }
                at = end + 1;
            }
        }
    }

    /**
     * Whether {@code connection} lists a header that must not be dropped (forwarding headers, host, pseudo-headers):
     * such a request is refused with 400.
     */
    public static boolean hasForbiddenConnection(RequestHead request) {
        Headers h = request.headers();
        for (int i = h.indexOf(HeaderName.CONNECTION, 0); i >= 0; i = h.indexOf(HeaderName.CONNECTION, i + 1)) {
            AsciiString v = h.value(i);
            int at = 0;
            while (at < v.length()) {
                int end = v.indexOf(",", at);
                end = end < 0 ? v.length() : end;
                AsciiString t = v.subSequence(at, end, false).trim();
                if (t.startsWith(":")
                        || t.contentEqualsIgnoreCase("host")
                        || t.contentEqualsIgnoreCase("x-forwarded-for")
                        || t.contentEqualsIgnoreCase("x-forwarded-host")
                        || t.contentEqualsIgnoreCase("x-forwarded-proto")) {
                    return true;
                }
                at = end + 1;
            }
        }
        return false;
    }

    /** Cleans a response of a backend; headers that its {@code connection} lists stay (recorded from Envoy). */
    public static void cleanResponse(ResponseHead response, boolean upgrade) {
        Headers h = response.headers();
        if (!upgrade) {
            h.remove(HeaderName.CONNECTION);
            h.remove(HeaderName.UPGRADE);
        }
        h.remove(HeaderName.KEEP_ALIVE);
        h.remove(HeaderName.PROXY_CONNECTION);
        h.remove(HeaderName.X_ENVOY_DECORATOR_OPERATION);
        h.remove(HeaderName.X_ENVOY_UPSTREAM_SERVICE_TIME);
    }
}
