package io.milepost.mesh;

import java.util.List;
import java.util.Set;

/**
 * When a request is sent again.
 *
 * @param attempts further tries after the first
 * @param on Envoy's names, for example {@code connect-failure}
 * @param statusCodes codes for {@code retriable-status-codes}
 * @param perTryTimeoutMillis 0 is none
 * @param backoffBaseMillis full jitter between 0 and base * 2^n
 * @param avoidPreviousHosts another endpoint is chosen where there is one
 * @param previousPriorities tries other localities too ({@code retryRemoteLocalities})
 */
public record RetryPolicy(
        int attempts,
        Set<String> on,
        List<Integer> statusCodes,
        long perTryTimeoutMillis,
        long backoffBaseMillis,
        long backoffMaxMillis,
        boolean avoidPreviousHosts,
        boolean previousPriorities) {

    /**
     * Name for {@code on}: a try that took longer than its own timeout is sent again. Envoy never does that; the Gateway
     * API wants it.
     */
    public static final String PER_TRY_TIMEOUT = "per-try-timeout";

    /** Istio's default when neither the route nor the mesh says anything. */
    public static final RetryPolicy ISTIO_DEFAULT = new RetryPolicy(
            2,
            Set.of("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"),
            List.of(),
            0,
            25,
            250,
            true,
            false);

    public static final RetryPolicy NONE = new RetryPolicy(0, Set.of(), List.of(), 0, 25, 250, false, false);

    public RetryPolicy {
        on = Set.copyOf(on);
        statusCodes = List.copyOf(statusCodes);
    }
}
