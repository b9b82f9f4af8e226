package io.milepost.waypoint.upstream;

import io.milepost.filters.Session;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Health;
import io.netty.util.AsciiString;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint as the balancer sees it; shared by all event loops and kept across snapshots while address and workload
 * stay the same.
 */
public final class HostState {
    private volatile Endpoint endpoint;
    private volatile AsciiString logText;
    private volatile int priority;
    private volatile boolean removed;
    private volatile long usableSinceNanos;
    private final AtomicInteger active = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final HostOutlier outlier = new HostOutlier();
    private volatile long sessionId;

    HostState(Endpoint endpoint, int priority, long nowNanos) {
        this.endpoint = endpoint;
        this.logText = text(endpoint);
        this.priority = priority;
        this.usableSinceNanos = nowNanos;
    }

    private static AsciiString text(Endpoint e) {
        return new AsciiString(e.tunnel().isPresent() ? "envoy://connect_originate/" + e.hostPort() : e.hostPort());
    }

    /** By which a cluster knows an endpoint: an address that another workload took over is another one. */
    static String key(Endpoint e) {
        return e.hostPort() + " " + e.workload();
    }

    /** By which session tokens name the endpoint; the same in every waypoint. */
    public long sessionId() {
        long id = sessionId;
        if (id == 0) {
            id = Session.id(key(endpoint));
            sessionId = id;
        }
        return id;
    }

    /** As access logs print it; also the name by which consistent hashing knows the host. */
    public AsciiString logText() {
        return logText;
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    /** What the balancer counted against, and how priorities moved; counters stay. */
    void update(Endpoint e, int newPriority) {
        if (!e.equals(endpoint)) {
            endpoint = e;
            logText = text(e);
        }
        priority = newPriority;
    }

    public int priority() {
        return priority;
    }

    /** Requests (or TCP connections) in progress. */
    public AtomicInteger active() {
        return active;
    }

    /** Open connections of all event loops. */
    public AtomicInteger connections() {
        return connections;
    }

    HostOutlier outlier() {
        return outlier;
    }

    public boolean ejected() {
        return outlier.ejected();
    }

    /** When the host was added or came back; warming up counts from here. */
    long usableSinceNanos() {
        return usableSinceNanos;
    }

    void usableSince(long nanos) {
        usableSinceNanos = nanos;
    }

    /** No longer an endpoint of its cluster: its connections take no new requests. */
    public boolean removed() {
        return removed;
    }

    void remove() {
        removed = true;
    }

    void restore() {
        removed = false;
    }

    /** Why the balancer does not use the host; null when it does. */
    @Nullable
    Skip exclusion() {
        Endpoint e = endpoint;
        if (removed) {
            return Skip.REMOVED;
        }
        if (e.health() == Health.UNHEALTHY) {
            return Skip.UNHEALTHY;
        }
        if (e.health() == Health.DRAINING) {
            return Skip.DRAINING;
        }
        if (e.weight() <= 0) {
            return Skip.NO_WEIGHT;
        }
        return outlier.ejected() ? Skip.EJECTED : null;
    }

    @Override
    public String toString() {
        return endpoint.hostPort();
    }
}
