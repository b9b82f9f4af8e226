package io.milepost.waypoint.exchange;

import io.milepost.filters.PathNormalizer;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.mesh.HttpSettings;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.HopByHop;
import io.netty.util.AsciiString;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What is done to every request before anything else sees it: hop-by-hop headers, path normalisation, the headers of
 * Envoy's own that a client may not set, x-request-id and x-forwarded-proto (recorded cases {@code http-forwarded},
 * {@code http-hop}).
 */
public final class RequestEdge {
    private static final AsciiString HTTP = AsciiString.cached("http");
    private static final AsciiString WEBSOCKET = AsciiString.cached("websocket");

    private static final HeaderName[] STRIPPED = {
        HeaderName.X_FORWARDED_CLIENT_CERT,
        HeaderName.X_ENVOY_INTERNAL,
        HeaderName.X_ENVOY_DECORATOR_OPERATION,
        HeaderName.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
        HeaderName.of("x-envoy-retry-on"),
        HeaderName.of("x-envoy-retry-grpc-on"),
        HeaderName.of("x-envoy-max-retries"),
        HeaderName.of("x-envoy-retriable-status-codes"),
        HeaderName.of("x-envoy-retriable-header-names"),
        HeaderName.of("x-envoy-upstream-rq-timeout-ms"),
        HeaderName.of("x-envoy-upstream-rq-per-try-timeout-ms"),
        HeaderName.of("x-envoy-upstream-rq-timeout-alt-response"),
        HeaderName.of("x-envoy-upstream-alt-stat-name"),
        HeaderName.of("x-envoy-hedge-on-per-try-timeout"),
        HeaderName.of("x-envoy-ip-tags"),
        HeaderName.of("x-envoy-force-trace"),
    };

    private RequestEdge() {}

    static boolean isWebSocket(RequestHead r) {
        AsciiString u = r.headers().get(HeaderName.UPGRADE);
        return u != null && u.contentEqualsIgnoreCase(WEBSOCKET);
    }

    static void prepare(RequestHead r, HttpSettings settings, boolean upgrade) throws BadMessageException {
        Headers h = r.headers();
        HopByHop.removeFromRequest(h, upgrade);
        if (mayHoldEnvoyHeaders(h)) {
            for (HeaderName n : STRIPPED) {
                h.remove(n);
            }
        }
        AsciiString path = r.path();
        if (!r.method().contentEquals("CONNECT")) {
            for (int i = 0; i < path.length(); i++) {
                if (path.byteAt(i) < 0) {
                    throw new BadMessageException(400, "http1.codec_error");
                }
            }
            @Nullable AsciiString normal = PathNormalizer.normalize(path, settings.normalization());
            if (normal == null) {
                throw new BadMessageException(400, "path_normalization_failed");
            }
            r.path(normal);
        }
        joinForwardedFor(h);
        AsciiString proto = h.get(HeaderName.X_FORWARDED_PROTO);
        if (proto == null) {
            // The tunnel carries plain text: what the request's target says of a scheme does not count (recorded:
            // http-target).
            h.add(HeaderName.X_FORWARDED_PROTO, HTTP);
            r.scheme(HTTP);
        } else {
            r.scheme(proto);
        }
        if (!h.contains(HeaderName.X_REQUEST_ID)) {
            h.add(HeaderName.X_REQUEST_ID, uuid());
        }
    }

    /** Several lines are one list (recorded: authz-ip). */
    private static void joinForwardedFor(Headers h) {
        int first = h.indexOf(HeaderName.X_FORWARDED_FOR, 0);
        if (first < 0 || h.indexOf(HeaderName.X_FORWARDED_FOR, first + 1) < 0) {
            return;
        }
        StringBuilder list = new StringBuilder(h.value(first));
        for (int i = h.indexOf(HeaderName.X_FORWARDED_FOR, first + 1);
                i >= 0;
                i = h.indexOf(HeaderName.X_FORWARDED_FOR, i + 1)) {
            list.append(',').append(h.value(i));
        }
        h.set(HeaderName.X_FORWARDED_FOR, new AsciiString(list));
    }

    private static boolean mayHoldEnvoyHeaders(Headers h) {
        for (int i = 0; i < h.size(); i++) {
            AsciiString n = h.name(i).text();
            if (n.length() > 8
                    && n.byteAt(0) == 'x'
                    && n.byteAt(1) == '-'
                    && (n.byteAt(2) == 'e' || n.byteAt(2) == 'f')) {
                return true;
            }
        }
        return false;
    }

    private static final byte[] HEX = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    /** A random UUID (version 4) as text, without intermediate objects. */
    public static AsciiString uuid() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long hi = (random.nextLong() & ~0xF000L) | 0x4000L;
        long lo = (random.nextLong() & 0x3FFFFFFFFFFFFFFFL) | 0x8000000000000000L;
        byte[] b = new byte[36];
        int at = 0;
        for (int i = 0; i < 32; i++) {
            if (i == 8 || i == 12 || i == 16 || i == 20) {
                b[at++] = '-';
            }
            long word = i < 16 ? hi : lo;
            b[at++] = HEX[(int) (word >>> (60 - 4 * (i & 15))) & 15];
        }
        return new AsciiString(b, false);
    }

    /** Methods that may be sent again when it is not known whether the first one arrived. */
    static boolean isIdempotent(AsciiString method) {
        return method.contentEquals("GET")
                || method.contentEquals("HEAD")
                || method.contentEquals("OPTIONS")
                || method.contentEquals("PUT")
                || method.contentEquals("DELETE")
                || method.contentEquals("TRACE");
    }
}
