package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.Limits.RetryBudget;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** What a cluster uses against its limits (circuit breakers). Shared by all event loops; limits are exact. */
public final class ResourceLimits {
    private final Supplier<Limits> limits;
    private final ClusterStats stats;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();

    /** At most one for each pool. */
    private final ConcurrentLinkedQueue<Runnable> starving = new ConcurrentLinkedQueue<>();

    ResourceLimits(Supplier<Limits> limits, ClusterStats stats) {
        this.limits = limits;
        this.stats = stats;
    }

    private static boolean take(AtomicInteger used, int limit) {
        if (used.incrementAndGet() <= limit) {
            return true;
        }
        used.decrementAndGet();
        return false;
    }

    /**
     * Takes the right to open a connection.
     *
     * @param needed the endpoint has none yet: one is always allowed, or its requests would wait for ever
     */
    boolean connection(boolean needed) {
        if (take(connections, limits.get().connections())) {
            return true;
        }
        stats.connectionOverflow.increment();
        if (needed) {
            connections.incrementAndGet();
        }
        return needed;
    }

    /** Takes the right to open a connection for raw TCP: nobody waits for one, so the limit is hard. */
    public boolean tcpConnection() {
        if (take(connections, limits.get().connections())) {
            stats.connections.increment();
            return true;
        }
        stats.connectionOverflow.increment();
        return false;
    }

    public void tcpConnectionClosed() {
        connectionClosed();
    }

    void connectionClosed() {
        connections.decrementAndGet();
        wake();
    }

    /** An event loop that may open no connection, though requests wait for one, hears when there is room. */
    void starving(Runnable retry) {
        starving.add(retry);
        if (connections.get() < limits.get().connections()) {
            wake();
        }
    }

    private void wake() {
        Runnable next = starving.poll();
        if (next != null) {
            next.run();
        }
    }

    /** Whether idle connections should close for other event loops. */
    boolean isStarving() {
        return !starving.isEmpty();
    }

    boolean pending() {
        if (take(pending, limits.get().pendingRequests())) {
            return true;
        }
        stats.pendingOverflow.increment();
        return false;
    }

    void pendingDone() {
        pending.decrementAndGet();
    }

    boolean request() {
        if (take(requests, limits.get().requests())) {
            stats.requests.increment();
            return true;
        }
        stats.requestOverflow.increment();
        return false;
    }

    void requestDone() {
        requests.decrementAndGet();
    }

    /** Takes the right to try again; give it back with {@link #retryDone} when that try is over. */
    public boolean retry() {
        Limits l = limits.get();
        RetryBudget b = l.retryBudget().orElse(null);
        int limit = b == null
                ? l.retries()
                : (int) Math.max(b.minConcurrency(), b.percent() * (requests.get() + pending.get()) / 100);
        if (take(retries, limit)) {
            stats.retries.increment();
            return true;
        }
        stats.retryOverflow.increment();
        return false;
    }

    public void retryDone() {
        retries.decrementAndGet();
    }

    public int pendingRequests() {
        return pending.get();
    }

    public int requests() {
        return requests.get();
    }

    AtomicInteger connectionCount() {
        return connections;
    }

    AtomicInteger requestCount() {
        return requests;
    }

    AtomicInteger retryCount() {
        return retries;
    }
}
