package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.RequestHead;
import io.milepost.mesh.RouteAction;
import io.netty.util.AsciiString;

/**
 * The times of a rule. Client headers have no say, except {@code grpc-timeout} of a gRPC client.
 *
 * <p>All values are milliseconds, 0 is none.
 */
public final class Timeouts {
    private static final String UNITS = "mSMH";
    private static final long MAX_GRPC_VALUE = 99_999_999;

    private final RouteAction.Timeouts route;
    private final long perTry;

    Timeouts(RouteAction.Timeouts route, long perTryMillis) {
        this.route = route;
        this.perTry = perTryMillis;
    }

    /**
     * The time for the whole request with all its tries.
     *
     * @param grpc {@link LocalReply#isGrpc}
     */
    public long requestMillis(RequestHead request, boolean grpc) {
        long max = route.maxGrpcMillis();
        if (!grpc || max < 0) {
            return route.requestMillis();
        }
        AsciiString header = request.headers().get(HeaderName.GRPC_TIMEOUT);
        long asked = header == null ? 0 : Math.max(0, parseGrpcTimeout(header));
        return max != 0 && (asked == 0 || asked > max) ? max : asked;
    }

    /** The time for one try; a per-try timeout that is not below the request's is none. */
    public long perTryMillis(long requestMillis) {
        return requestMillis > 0 && perTry >= requestMillis ? 0 : perTry;
    }

    /**
     * Writes the headers that tell the backend how long it has; called for each try.
     *
     * @param requestMillis of {@link #requestMillis}
     * @param elapsedMillis since the request came in
     * @param debug whether Envoy's own header is among them
     */
    public void writeHeaders(RequestHead request, boolean grpc, long requestMillis, long elapsedMillis, boolean debug) {
        long expected = perTryMillis(requestMillis);
        if (expected == 0) {
            expected = requestMillis;
        }
        if (expected == 0) {
            return;
        }
        if (requestMillis > 0) {
            // Out of time: 0 would mean no timeout at all.
            expected = elapsedMillis >= requestMillis ? 1 : Math.min(expected, requestMillis - elapsedMillis);
        }
        if (debug) {
            request.headers().set(HeaderName.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, AsciiString.of(Long.toString(expected)));
        }
        if (grpc && route.maxGrpcMillis() >= 0) {
            request.headers().set(HeaderName.GRPC_TIMEOUT, AsciiString.of(formatGrpcTimeout(expected)));
        }
    }

    /** Milliseconds, rounded up; -1 when it is no gRPC timeout. */
    public static long parseGrpcTimeout(AsciiString v) {
        int digits = v.length() - 1;
        if (digits < 1 || digits > 8) {
            return -1;
        }
        long n = 0;
        for (int i = 0; i < digits; i++) {
            int d = v.byteAt(i) - '0';
            if (d < 0 || d > 9) {
                return -1;
            }
            n = 10 * n + d;
        }
        return switch ((char) v.byteAt(digits)) {
            case 'H' -> n * 3_600_000;
            case 'M' -> n * 60_000;
            case 'S' -> n * 1_000;
            case 'm' -> n;
            case 'u' -> (n + 999) / 1_000;
            case 'n' -> (n + 999_999) / 1_000_000;
            default -> -1;
        };
    }

    static String formatGrpcTimeout(long millis) {
        long n = millis;
        int unit = 0;
        while (n > MAX_GRPC_VALUE && unit < UNITS.length() - 1) {
            n /= unit == 0 ? 1_000 : 60;
            unit++;
        }
        return Math.min(n, MAX_GRPC_VALUE) + "" + UNITS.charAt(unit);
    }
}
