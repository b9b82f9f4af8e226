package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster.OutlierDetection;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Outlier detection of one cluster: counts what hosts answer, ejects, brings back. Results may come from every event loop;
 * {@link #interval} is called by one thread.
 */
final class Outliers {
    private final Supplier<@Nullable OutlierDetection> settings;
    private final Supplier<List<HostState>> hosts;
    private final ClusterStats stats;
    private final LongSupplier nanos;
    private final Runnable changed;
    private final AtomicInteger ejected = new AtomicInteger();

    /** @param changed called when a host was ejected or came back */
    Outliers(
            Supplier<@Nullable OutlierDetection> settings,
            Supplier<List<HostState>> hosts,
            ClusterStats stats,
            LongSupplier nanos,
            Runnable changed) {
        this.settings = settings;
        this.hosts = hosts;
        this.stats = stats;
        this.nanos = nanos;
        this.changed = changed;
    }

    void status(HostState h, int status) {
        OutlierDetection o = settings.get();
        if (o != null) {
            detected(o, h, h.outlier().status(o, status));
        }
    }

    /** A try without an answer. What a limit of ours prevented says nothing about the host. */
    void failure(HostState h, Reset reason) {
        OutlierDetection o = settings.get();
        if (o != null && reason != Reset.OVERFLOW) {
            detected(o, h, h.outlier().localFailure(o, reason == Reset.PER_TRY_TIMEOUT));
        }
    }

    void connected(HostState h) {
        OutlierDetection o = settings.get();
        if (o != null && o.splitLocalOrigin()) {
            h.outlier().localSuccess();
        }
    }

    private void detected(OutlierDetection o, HostState h, HostOutlier.@Nullable Trigger trigger) {
        if (trigger == null || h.ejected() || h.removed()) {
            return;
        }
        int total = hosts.get().size();
        if (!mayEject(ejected.incrementAndGet(), total, o.maxEjectionPercent())) {
            ejected.decrementAndGet();
            stats.ejectionOverflow.increment();
            return;
        }
        if (!h.outlier().eject(o, nanos.getAsLong())) {
            ejected.decrementAndGet();
            return;
        }
        stats.ejections.increment();
        changed.run();
    }

    /** Whether so many of the hosts may be ejected: the share with the new one must not exceed the limit. */
    static boolean mayEject(int ejectedWithThis, int total, int maxPercent) {
        return total > 0 && 100.0 * ejectedWithThis / total <= Math.min(100, maxPercent);
    }

    /** Brings back whose time is over; called once an interval. */
    void interval() {
        OutlierDetection o = settings.get();
        boolean any = false;
        long now = nanos.getAsLong();
        for (HostState h : hosts.get()) {
            boolean back = o == null ? h.outlier().release() : h.outlier().interval(o, now);
            if (back) {
                ejected.decrementAndGet();
                h.usableSince(now);
                any = true;
            }
        }
        if (any) {
            changed.run();
        }
    }

    /** The host left the cluster. */
    void removed(HostState h) {
        if (h.outlier().release()) {
            ejected.decrementAndGet();
        }
    }

    int ejected() {
        return ejected.get();
    }
}
