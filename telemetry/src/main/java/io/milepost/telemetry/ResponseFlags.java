package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;

/**
 * Envoy's response flags as bits of an int.
 *
 * <p>Envoy prints flags in the order in which it set them, which for HTTP gives {@code DI,FI}, {@code URX,UT} and {@code
 * URX,UF}, for TCP {@code UF,URX} (measured). Printing in that fixed order frees the data path from remembering it.
 */
public final class ResponseFlags {
    public static final int NONE = 0;
    public static final int DELAY_INJECTED = 1;
    public static final int FAULT_INJECTED = 1 << 1;
    public static final int UPSTREAM_RETRY_LIMIT_EXCEEDED = 1 << 2;
    public static final int FAILED_LOCAL_HEALTH_CHECK = 1 << 3;
    public static final int NO_HEALTHY_UPSTREAM = 1 << 4;
    public static final int UPSTREAM_REQUEST_TIMEOUT = 1 << 5;
    public static final int LOCAL_RESET = 1 << 6;
    public static final int UPSTREAM_REMOTE_RESET = 1 << 7;
    public static final int UPSTREAM_CONNECTION_FAILURE = 1 << 8;
    public static final int UPSTREAM_CONNECTION_TERMINATION = 1 << 9;
    public static final int UPSTREAM_OVERFLOW = 1 << 10;
    public static final int NO_ROUTE_FOUND = 1 << 11;
    public static final int RATE_LIMITED = 1 << 12;
    public static final int UNAUTHORIZED_EXTERNAL_SERVICE = 1 << 13;
    public static final int RATELIMIT_SERVICE_ERROR = 1 << 14;
    public static final int DOWNSTREAM_CONNECTION_TERMINATION = 1 << 15;
    public static final int STREAM_IDLE_TIMEOUT = 1 << 16;
    public static final int INVALID_ENVOY_REQUEST_HEADERS = 1 << 17;
    public static final int DOWNSTREAM_PROTOCOL_ERROR = 1 << 18;
    public static final int UPSTREAM_MAX_STREAM_DURATION_REACHED = 1 << 19;
    public static final int RESPONSE_FROM_CACHE_FILTER = 1 << 20;
    public static final int NO_FILTER_CONFIG_FOUND = 1 << 21;
    public static final int DURATION_TIMEOUT = 1 << 22;
    public static final int UPSTREAM_PROTOCOL_ERROR = 1 << 23;
    public static final int NO_CLUSTER_FOUND = 1 << 24;
    public static final int OVERLOAD_MANAGER = 1 << 25;
    public static final int DNS_FAILURE = 1 << 26;
    public static final int DROP_OVERLOAD = 1 << 27;
    public static final int DOWNSTREAM_REMOTE_RESET = 1 << 28;

    private static final AsciiString[] SHORT = names(
            "DI", "FI", "URX", "LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "RL", "UAEX", "RLSE", "DC", "SI",
            "IH", "DPE", "UMSDR", "RFCF", "NFCF", "DT", "UPE", "NC", "OM", "DF", "DO", "DR");
    private static final AsciiString[] LONG = names(
            "DelayInjected",
            "FaultInjected",
            "UpstreamRetryLimitExceeded",
            "FailedLocalHealthCheck",
            "NoHealthyUpstream",
            "UpstreamRequestTimeout",
            "LocalReset",
            "UpstreamRemoteReset",
            "UpstreamConnectionFailure",
            "UpstreamConnectionTermination",
            "UpstreamOverflow",
            "NoRouteFound",
            "RateLimited",
            "UnauthorizedExternalService",
            "RateLimitServiceError",
            "DownstreamConnectionTermination",
            "StreamIdleTimeout",
            "InvalidEnvoyRequestHeaders",
            "DownstreamProtocolError",
            "UpstreamMaxStreamDurationReached",
            "ResponseFromCacheFilter",
            "NoFilterConfigFound",
            "DurationTimeout",
            "UpstreamProtocolError",
            "NoClusterFound",
            "OverloadManagerTerminated",
            "DnsResolutionFailed",
            "DropOverload",
            "DownstreamRemoteReset");

    private ResponseFlags() {}

    private static AsciiString[] names(String... n) {
        AsciiString[] a = new AsciiString[n.length];
        for (int i = 0; i < n.length; i++) {
            a[i] = AsciiString.cached(n[i]);
        }
        return a;
    }

    /** The short names joined by commas, {@code -} for none. For cold paths. */
    public static String text(int flags, boolean tcp) {
        StringBuilder s = new StringBuilder();
        for (int left = flags; left != 0; ) {
            int bit = first(left, tcp);
            left &= ~bit;
            s.append(s.isEmpty() ? "" : ",").append(SHORT[Integer.numberOfTrailingZeros(bit)]);
        }
        return s.isEmpty() ? "-" : s.toString();
    }

    /** As {@link #text}, into a buffer. */
    static void write(int flags, boolean tcp, boolean longNames, ByteBuf out) {
        if (flags == 0) {
            out.writeByte('-');
            return;
        }
        AsciiString[] names = longNames ? LONG : SHORT;
        for (int left = flags; left != 0; ) {
            if (left != flags) {
                out.writeByte(',');
            }
            int bit = first(left, tcp);
            left &= ~bit;
            AsciiString n = names[Integer.numberOfTrailingZeros(bit)];
            out.writeBytes(n.array(), n.arrayOffset(), n.length());
        }
    }

    /** On TCP the exhausted attempts are noticed after the failure of the last one. */
    private static int first(int left, boolean tcp) {
        int rest = tcp && left != UPSTREAM_RETRY_LIMIT_EXCEEDED ? left & ~UPSTREAM_RETRY_LIMIT_EXCEEDED : left;
        return Integer.lowestOneBit(rest);
    }

    /** The number that Envoy's expressions see: its own bits, which begin with the health of the upstream. */
    static int numbered(int flags) {
        return (flags >>> 3 & 0x1FF)
                | (flags & (DELAY_INJECTED | FAULT_INJECTED)) << 9
                | (flags & UPSTREAM_RETRY_LIMIT_EXCEEDED) << 13
                | (flags
                                & (RATE_LIMITED
                                        | UNAUTHORIZED_EXTERNAL_SERVICE
                                        | RATELIMIT_SERVICE_ERROR
                                        | DOWNSTREAM_CONNECTION_TERMINATION))
                        >>> 1
                | flags & 0x7FF0000;
    }
}
