package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.RetryPolicy;
import io.netty.util.AsciiString;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A compiled {@link RetryPolicy}: may this outcome be tried again? Counting tries and waiting is the caller's.
 * Immutable.
 */
public final class RetryDecider {
    /** How a try can end without a response head. */
    public enum Reset {
        /** The connection could not be opened. */
        CONNECT_FAILURE("remote connection failure", "UF"),
        /** Opening the connection took too long. */
        CONNECT_TIMEOUT("connection timeout", "UF"),
        /** The peer closed the connection. */
        CONNECTION_TERMINATION("connection termination", "UC"),
        /** The peer reset the stream. */
        REMOTE_RESET("remote reset", "UR"),
        /** The peer refused the stream before it did anything. */
        REFUSED_STREAM("remote refused stream reset", "UR"),
        /** The peer broke the protocol. */
        PROTOCOL_ERROR("protocol error", "UPE"),
        /** A limit of ours was reached; never retried. */
        OVERFLOW("overflow", "UO"),
        /** The time of one try ran out; retried only for 5xx, gateway-error and reset (recorded from Envoy), or when the policy names it. */
        PER_TRY_TIMEOUT("per try timeout", "UT");

        private final String text;
        private final String flag;

        Reset(String text, String flag) {
            this.text = text;
            this.flag = flag;
        }

        /** Envoy's words. */
        public String text() {
            return text;
        }

        /** Envoy's response flag. */
        public String flag() {
            return flag;
        }
    }

    private final RetryPolicy policy;
    private final boolean on5xx;
    private final boolean gatewayError;
    private final boolean reset;
    private final boolean resetBeforeRequest;
    private final boolean connectFailure;
    private final boolean refusedStream;
    private final boolean retriable4xx;
    private final boolean rateLimited;
    private final boolean perTryTimeout;
    private final int[] codes;
    private final long grpc;

    private RetryDecider(RetryPolicy p) {
        policy = p;
        Set<String> on = p.on();
        on5xx = on.contains("5xx");
        gatewayError = on.contains("gateway-error");
        reset = on.contains("reset");
        resetBeforeRequest = on.contains("reset-before-request");
        connectFailure = on.contains("connect-failure");
        refusedStream = on.contains("refused-stream");
        retriable4xx = on.contains("retriable-4xx");
        rateLimited = on.contains("envoy-ratelimited");
        perTryTimeout = on.contains(RetryPolicy.PER_TRY_TIMEOUT);
        codes = on.contains("retriable-status-codes")
                ? p.statusCodes().stream().mapToInt(Integer::intValue).toArray()
                : new int[0];
        grpc = bit(on, "cancelled", 1)
                | bit(on, "deadline-exceeded", 4)
                | bit(on, "resource-exhausted", 8)
                | bit(on, "internal", 13)
                | bit(on, "unavailable", 14);
    }

    private static long bit(Set<String> on, String name, int status) {
        return on.contains(name) ? 1L << status : 0;
    }

    public static RetryDecider compile(RetryPolicy policy) {
        return new RetryDecider(policy);
    }

    /** The policy, for its limits, per-try timeout and host rules. */
    public RetryPolicy policy() {
        return policy;
    }

    /** Further tries after the first. */
    public int attempts() {
        return policy.attempts();
    }

    /**
     * Whether a response head asks for another try. {@code grpc-status} counts in the head, whether or not a body follows
     * (asked of Envoy 1.40.0); in trailers proper it does not.
     */
    public boolean retryResponse(ResponseHead head) {
        if (policy.attempts() <= 0) {
            return false;
        }
        int s = head.status();
        if (on5xx && s >= 500 && s < 600
                || gatewayError && s >= 502 && s <= 504
                || retriable4xx && s == 409
                || rateLimited && head.headers().contains(RATE_LIMITED)) {
            return true;
        }
        for (int c : codes) {
            if (c == s) {
                return true;
            }
        }
        if (grpc == 0) {
            return false;
        }
        int status = grpcStatus(head.headers().get(HeaderName.GRPC_STATUS));
        return status >= 0 && status < 63 && (grpc >>> status & 1) != 0;
    }

    private static final HeaderName RATE_LIMITED = HeaderName.of("x-envoy-ratelimited");

    private static int grpcStatus(@Nullable AsciiString v) {
        if (v == null || v.isEmpty() || v.length() > 2) {
            return -1;
        }
        int n = 0;
        for (int i = 0; i < v.length(); i++) {
            int d = v.byteAt(i) - '0';
            if (d < 0 || d > 9) {
                return -1;
            }
            n = 10 * n + d;
        }
        return n;
    }

    /**
     * Whether a try that ended without a response head may be repeated.
     *
     * @param requestSent whether any byte of the request may have reached the backend
     */
    public boolean retryReset(Reset r, boolean requestSent) {
        if (policy.attempts() <= 0 || r == Reset.OVERFLOW) {
            return false;
        }
        if (on5xx || gatewayError || reset || resetBeforeRequest && r != Reset.PER_TRY_TIMEOUT && !requestSent) {
            return true;
        }
        return switch (r) {
            case CONNECT_FAILURE, CONNECT_TIMEOUT -> connectFailure;
            case REFUSED_STREAM -> refusedStream;
            case PER_TRY_TIMEOUT -> perTryTimeout;
            default -> false;
        };
    }

    /**
     * Milliseconds to wait before a try: full jitter below {@code base * (2^retry - 1)}, at most the maximum.
     *
     * @param retry 1 for the first further try
     * @param random any random number
     */
    public long backoffMillis(int retry, long random) {
        long base = Math.max(1, policy.backoffBaseMillis());
        long max = Math.max(base, policy.backoffMaxMillis());
        long window = retry >= 30 ? max : Math.min(max, base * ((1L << retry) - 1));
        return (random >>> 1) % Math.max(1, window);
    }
}
