package io.milepost.filters;

import io.milepost.mesh.RouteRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fault injection of a rule: delay first, then abort. Client headers have no say. */
public final class FaultPolicy {
    private final long delayMillis;
    private final int delayPerMillion;
    private final int abortPerMillion;
    private final @Nullable LocalReply abort;

    FaultPolicy(RouteRule.Fault fault) {
        delayMillis = fault.delay().map(RouteRule.Fault.Delay::millis).orElse(0L);
        delayPerMillion = fault.delay().map(RouteRule.Fault.Delay::perMillion).orElse(0);
        abortPerMillion = fault.abort().map(RouteRule.Fault.Abort::perMillion).orElse(0);
        abort = fault.abort().map(FaultPolicy::reply).orElse(null);
    }

    /** A gRPC abort reaches an HTTP client as 200 with text (recorded from Envoy). */
    private static LocalReply reply(RouteRule.Fault.Abort a) {
        int status = a.httpStatus() > 0 ? a.httpStatus() : 200;
        return new LocalReply(status, LocalReply.FAULT_ABORT, "fault_filter_abort", "FI", a.grpcStatus(), List.of());
    }

    /** Milliseconds to wait first; 0 for none. Flag {@code DI} is set when it is not 0. */
    public long delayMillis(long random) {
        return hit(random, delayPerMillion) ? delayMillis : 0;
    }

    /** The answer instead of the backend's; null when the request goes on. Takes a random number of its own. */
    public @Nullable LocalReply abort(long random) {
        return hit(random, abortPerMillion) ? abort : null;
    }

    static boolean hit(long random, int perMillion) {
        return perMillion > 0 && (perMillion >= 1_000_000 || Long.remainderUnsigned(random, 1_000_000) < perMillion);
    }
}
