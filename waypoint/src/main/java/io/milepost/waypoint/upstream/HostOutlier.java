package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster.OutlierDetection;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What outlier detection knows of one host. Counters are written by all event loops, the rest by one thread at a time. */
final class HostOutlier {
    /** What made a host an outlier. */
    enum Trigger {
        CONSECUTIVE_5XX,
        CONSECUTIVE_GATEWAY_FAILURE,
        CONSECUTIVE_LOCAL_ORIGIN_FAILURE
    }

    private final AtomicInteger consecutive5xx = new AtomicInteger();
    private final AtomicInteger consecutiveGateway = new AtomicInteger();
    private final AtomicInteger consecutiveLocal = new AtomicInteger();
    private final AtomicBoolean ejected = new AtomicBoolean();
    private volatile long ejectedAtNanos;
    private final AtomicInteger backoff = new AtomicInteger();
    private final AtomicInteger ejections = new AtomicInteger();

    /** Counts an answer of the host. Returns what it sets off; that count then starts anew. */
    @Nullable
    Trigger status(OutlierDetection o, int status) {
        if (status < 500) {
            // Most answers: no write to memory that all event loops share.
            if (consecutive5xx.getPlain() != 0) {
                consecutive5xx.set(0);
            }
            if (consecutiveGateway.getPlain() != 0) {
                consecutiveGateway.set(0);
            }
            return null;
        }
        Trigger hit = null;
        if (status >= 502 && status <= 504) {
            if (consecutiveGateway.incrementAndGet() == o.consecutiveGatewayErrors()) {
                consecutiveGateway.set(0);
                hit = Trigger.CONSECUTIVE_GATEWAY_FAILURE;
            }
        } else {
            consecutiveGateway.set(0);
        }
        if (consecutive5xx.incrementAndGet() == o.consecutive5xx()) {
            consecutive5xx.set(0);
            hit = Trigger.CONSECUTIVE_5XX;
        }
        return hit;
    }

    /** Counts a failure that was ours: no connection, no answer in time, a reset. */
    @Nullable
    Trigger localFailure(OutlierDetection o, boolean timeout) {
        if (!o.splitLocalOrigin()) {
            return status(o, timeout ? 504 : 503);
        }
        if (consecutiveLocal.incrementAndGet() == o.consecutiveLocalOriginFailures()) {
            consecutiveLocal.set(0);
            return Trigger.CONSECUTIVE_LOCAL_ORIGIN_FAILURE;
        }
        return null;
    }

    void localSuccess() {
        if (consecutiveLocal.getPlain() != 0) {
            consecutiveLocal.set(0);
        }
    }

    boolean ejected() {
        return ejected.getPlain();
    }

    int ejections() {
        return ejections.get();
    }

    /** The ejection grows with each one that follows soon, up to the maximum. False when it is ejected already. */
    boolean eject(OutlierDetection o, long nowNanos) {
        ejectedAtNanos = nowNanos;
        if (!ejected.compareAndSet(false, true)) {
            return false;
        }
        ejections.incrementAndGet();
        if ((backoff.get() + 1) * o.baseEjectionMillis() < o.maxEjectionMillis() + o.baseEjectionMillis()) {
            backoff.incrementAndGet();
        }
        return true;
    }

    long ejectionMillis(OutlierDetection o) {
        return Math.min(
                Math.max(o.maxEjectionMillis(), o.baseEjectionMillis()),
                o.baseEjectionMillis() * Math.max(1, backoff.get()));
    }

    /**
     * Called once an interval.
     *
     * @return whether the host comes back now
     */
    boolean interval(OutlierDetection o, long nowNanos) {
        if (!ejected.get()) {
            if (backoff.get() > 0) {
                backoff.decrementAndGet();
            }
            return false;
        }
        if (nowNanos - ejectedAtNanos < ejectionMillis(o) * 1_000_000) {
            return false;
        }
        return release();
    }

    void resetCounters() {
        consecutive5xx.set(0);
        consecutiveGateway.set(0);
        consecutiveLocal.set(0);
    }

    /** Ends the ejection; false when there was none. */
    boolean release() {
        resetCounters();
        return ejected.compareAndSet(true, false);
    }
}
