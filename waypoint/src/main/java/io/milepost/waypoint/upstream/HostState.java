package io.milepost.waypoint.upstream;

import io.milepost.mesh.Endpoints.Endpoint;
import io.netty.util.AsciiString;
import java.util.concurrent.atomic.AtomicInteger;

/** One endpoint as the balancer sees it; shared by all event loops and kept across snapshots by address. */
public final class HostState {
    private volatile Endpoint endpoint;
    private final AtomicInteger active = new AtomicInteger();

    private volatile AsciiString logText;

    HostState(Endpoint endpoint) {
        this.endpoint = endpoint;
        this.logText = text(endpoint);
    }

    private static AsciiString text(Endpoint e) {
        return new AsciiString(e.tunnel().isPresent() ? "envoy://connect_originate/" + e.hostPort() : e.hostPort());
    }

    /** As access logs print it. */
    public AsciiString logText() {
        return logText;
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    void endpoint(Endpoint e) {
        endpoint = e;
        logText = text(e);
    }

    /** Requests (or TCP connections) in progress. */
    public AtomicInteger active() {
        return active;
    }

    @Override
    public String toString() {
        return endpoint.hostPort();
    }
}
