package io.milepost.waypoint.exchange;

import io.milepost.http.RequestHead;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.WorkloadIndex;
import io.milepost.policy.Attributes;
import io.milepost.waypoint.observe.Served;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * What policies, logs and metrics see of anything that a client's tunnel carries, an exchange of HTTP or raw TCP: who is at its
 * two ends, and what has passed. One event loop.
 */
public abstract class TrafficFacts implements Attributes, Served {
    /** Our end of a connection to an endpoint behind a tunnel, as Envoy prints it. */
    protected static final AsciiString TUNNEL_LOCAL = AsciiString.cached("envoy://internal_client_address/");

    protected final ClientConnection client;
    protected final WorkerContext worker;
    private final long startEpochMillis = System.currentTimeMillis();
    protected final long startNanos = System.nanoTime();
    protected long endNanos;
    protected long bytesReceived;
    protected long bytesSent;
    protected int flags;
    protected int attempts;
    /** Of the stream or connection that was opened last; 0 without one. */
    protected long upstreamConnection;

    /** The one that was chosen; null when there is none of that name. */
    protected @Nullable ClusterState cluster;

    protected @Nullable HostState host;
    protected @Nullable CharSequence upstreamLocal;
    protected @Nullable CharSequence transportFailure;

    protected TrafficFacts(ClientConnection client, WorkerContext worker) {
        this.client = client;
        this.worker = worker;
    }

    @Override
    public final long startEpochNanos() {
        return startEpochMillis * 1_000_000;
    }

    @Override
    public final long durationNanos() {
        return endNanos - startNanos;
    }

    @Override
    public final long bytesReceived() {
        return bytesReceived;
    }

    @Override
    public final long bytesSent() {
        return bytesSent;
    }

    @Override
    public final int responseFlags() {
        return flags;
    }

    @Override
    public final @Nullable CharSequence upstreamTransportFailureReason() {
        return transportFailure;
    }

    @Override
    public final @Nullable HostState host() {
        return host;
    }

    @Override
    public final @Nullable Cluster chosenCluster() {
        ClusterState c = cluster;
        return c == null ? null : c.cluster();
    }

    @Override
    public final @Nullable CharSequence upstreamCluster() {
        ClusterState c = cluster;
        return c == null ? null : c.cluster().name();
    }

    @Override
    public final WorkloadIndex workloads() {
        return worker.clusters().workloads();
    }

    @Override
    public final @Nullable CharSequence upstreamHost() {
        HostState h = host;
        return h == null ? null : h.logText();
    }

    @Override
    public final @Nullable CharSequence upstreamLocalAddress() {
        HostState h = host;
        boolean tunnel = h != null && h.endpoint().tunnel().isPresent();
        return upstreamLocal != null && tunnel ? TUNNEL_LOCAL : upstreamLocal;
    }

    @Override
    public final int upstreamAttempts() {
        return attempts;
    }

    @Override
    public final long upstreamConnectionId() {
        return upstreamConnection;
    }

    @Override
    public final long connectionId() {
        return client.id();
    }

    @Override
    public final CharSequence downstreamLocalAddress() {
        return client.localText();
    }

    @Override
    public CharSequence downstreamRemoteAddress() {
        return client.remoteText();
    }

    @Override
    public final @Nullable String peerPrincipal() {
        return client.principal();
    }

    @Override
    public final @Nullable CharSequence localPrincipal() {
        return client.localPrincipal();
    }

    @Override
    public final IpAddress sourceIp() {
        return client.source();
    }

    @Override
    public IpAddress remoteIp() {
        return client.remote();
    }

    @Override
    public final @Nullable IpAddress destinationIp() {
        return client.destination();
    }

    @Override
    public final int destinationPort() {
        return client.destinationPort();
    }

    /** Null for raw TCP. */
    @Override
    public abstract @Nullable RequestHead request();

    /** What the client's own TLS asked for, where it is looked at. */
    @Override
    public abstract @Nullable String requestedServerName();

    @Override
    public final @Nullable Claims claims() {
        return null;
    }
}
