package io.milepost.filters;

import java.util.EnumMap;
import java.util.Map;

/** The replies for each way an upstream can fail, made once. */
final class UpstreamResets {
    private static final Map<RetryDecider.Reset, LocalReply> FIRST = table(false);
    private static final Map<RetryDecider.Reset, LocalReply> RETRIED = table(true);

    private UpstreamResets() {}

    static LocalReply reply(RetryDecider.Reset reset, boolean retried) {
        LocalReply r = (retried ? RETRIED : FIRST).get(reset);
        return r == null ? LocalReply.NO_HEALTHY_UPSTREAM : r;
    }

    /** Only failures, which are rare, are described at length. */
    static LocalReply reply(RetryDecider.Reset reset, boolean retried, String transport) {
        LocalReply r = reply(reset, retried);
        if (transport.isEmpty() || !r.details().endsWith("}")) {
            return r;
        }
        String details = r.details().substring(0, r.details().length() - 1) + "|" + transport.replace(' ', '_') + "}";
        return new LocalReply(r.status(), r.body(), details, r.flags(), r.grpcStatus(), r.headers());
    }

    private static Map<RetryDecider.Reset, LocalReply> table(boolean retried) {
        Map<RetryDecider.Reset, LocalReply> m = new EnumMap<>(RetryDecider.Reset.class);
        for (RetryDecider.Reset r : RetryDecider.Reset.values()) {
            String reason = r.text();
            if (r == RetryDecider.Reset.PER_TRY_TIMEOUT) {
                m.put(
                        r,
                        LocalReply.of(
                                        504,
                                        "upstream request timeout",
                                        "upstream_per_try_timeout",
                                        retried ? "URX,UT" : "UT")
                                .withGrpcStatus(14));
                continue;
            }
            String body = "upstream connect error or disconnect/reset before headers. "
                    + (retried ? "retried and the latest reset reason: " : "reset reason: ")
                    + reason;
            String details = "upstream_reset_before_response_started{" + reason.replace(' ', '_') + "}";
            int status = r == RetryDecider.Reset.PROTOCOL_ERROR ? 502 : 503;
            m.put(r, LocalReply.of(status, body, details, (retried ? "URX," : "") + r.flag()));
        }
        return m;
    }
}
