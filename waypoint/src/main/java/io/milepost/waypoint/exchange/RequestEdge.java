package io.milepost.waypoint.exchange;

import io.milepost.filters.LocalReply;
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
    private static final AsciiString HTTPS = AsciiString.cached("https");
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

    private static final LocalReply NO_PATH = LocalReply.of(404, "", "absolute_path_rejected", "");
    private static final LocalReply NO_QUERY = LocalReply.of(400, "", "query_missing_content_type", "");

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
            // In HTTP/2 a path may hold any byte; normalisation encodes it (asked of Envoy 1.40.0).
            boolean http2 = r.protocol() == RequestHead.Protocol.HTTP_2;
            boolean encoded = http2 && settings.normalization() != HttpSettings.PathNormalization.NONE;
            for (int i = encoded ? r.pathLength() : 0; i < path.length(); i++) {
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
        AsciiString proto = h.get(HeaderName.X_FORWARDED_PROTO);
        if (r.protocol() == RequestHead.Protocol.HTTP_1_1) {
            // What the request's target says of a scheme does not count (recorded: http-target); HTTP/2 has its own.
            r.scheme(scheme(proto));
        }
        if (proto == null) {
            h.add(HeaderName.X_FORWARDED_PROTO, HTTP);
        }
        if (settings.headers().requestId() && !h.contains(HeaderName.X_REQUEST_ID)) {
            h.add(HeaderName.X_REQUEST_ID, uuid());
        }
    }

    /** The answer to what is refused before any policy is asked; null for other requests (asked of Envoy 1.40.0). */
    static @Nullable LocalReply notServed(RequestHead r) {
        if (r.method().contentEquals("CONNECT")) {
            return null;
        }
        if (r.path().isEmpty() || r.path().byteAt(0) != '/') {
            return NO_PATH;
        }
        return r.method().contentEquals("QUERY") && !r.headers().contains(HeaderName.CONTENT_TYPE) ? NO_QUERY : null;
    }

    /** A request whose {@code x-forwarded-proto} is empty finds no route (asked of Envoy 1.40.0). */
    static boolean isRoutable(RequestHead r) {
        AsciiString proto = r.headers().get(HeaderName.X_FORWARDED_PROTO);
        return proto != null && !proto.isEmpty();
    }

    /** Only a known scheme counts, in any letter case (asked of Envoy 1.40.0). */
    private static AsciiString scheme(@Nullable AsciiString proto) {
        return proto != null && proto.contentEqualsIgnoreCase(HTTPS) ? HTTPS : HTTP;
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
