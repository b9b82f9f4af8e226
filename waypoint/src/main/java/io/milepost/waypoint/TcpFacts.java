package io.milepost.waypoint;

import io.milepost.http.RequestHead;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.WorkloadIndex;
import io.milepost.policy.Attributes;
import io.milepost.waypoint.exchange.ClientConnection;
import io.milepost.waypoint.exchange.RequestEdge;
import io.milepost.waypoint.exchange.WorkerContext;
import io.milepost.waypoint.observe.Served;
import io.milepost.waypoint.observe.TrafficMetrics;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.HostState;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What policies, logs and metrics see of a raw TCP connection; filled by {@link TcpConnection} and {@link TcpRelay} as it
 * goes. One event loop.
 */
abstract class TcpFacts implements Attributes, Served {
    static final AsciiString TUNNEL_LOCAL = AsciiString.cached("envoy://internal_client_address/");
    private static final long REPORT_SECONDS = 5;

    final TcpService service;
    final ClientConnection client;
    final WorkerContext worker;
    /** What the client's first bytes said, where the chain looks at them. */
    final ClientHello.Seen hello;

    private final long startEpochMillis = System.currentTimeMillis();
    private final long startNanos = System.nanoTime();
    private long endNanos;
    long received;
    long sent;
    int flags;
    int attempts;
    long upstreamConnection;

    @Nullable
    ClusterState cluster;

    @Nullable
    HostState host;

    @Nullable
    CharSequence upstreamLocal;

    @Nullable
    CharSequence transportFailure;

    @Nullable
    CharSequence termination;

    private TrafficMetrics.@Nullable Connection counted;
    private @Nullable ScheduledFuture<?> reports;
    /** Made when a log asks for it. */
    private @Nullable AsciiString streamId;

    TcpFacts(TcpService service, ClientConnection client, WorkerContext worker, ClientHello.Seen hello) {
        this.service = service;
        this.client = client;
        this.worker = worker;
        this.hello = hello;
    }

    /** Counts the connection as opened, and from then on what it carries, as often as Istio reports. */
    final void opened() {
        TrafficMetrics m = service.metrics();
        if (m != null) {
            TrafficMetrics.Connection c = m.opened(this);
            counted = c;
            reports = worker.loop()
                    .scheduleAtFixedRate(
                            () -> c.carried(received, sent), REPORT_SECONDS, REPORT_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** The end of it: counted and logged. One that was never opened is counted as opened first. */
    final void report() {
        endNanos = System.nanoTime();
        if (counted == null) {
            opened();
        }
        TrafficMetrics.Connection c = counted;
        ScheduledFuture<?> r = reports;
        if (c != null && r != null) {
            r.cancel(false);
            c.closed(received, sent, flags);
        }
        service.log().log(this);
    }

    @Override
    public final boolean tcp() {
        return true;
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
        return received;
    }

    @Override
    public final long bytesSent() {
        return sent;
    }

    @Override
    public final int responseFlags() {
        return flags;
    }

    @Override
    public final @Nullable CharSequence connectionTerminationDetails() {
        return termination;
    }

    @Override
    public final @Nullable CharSequence upstreamTransportFailureReason() {
        return transportFailure;
    }

    @Override
    public final @Nullable CharSequence upstreamCluster() {
        ClusterState c = cluster;
        return c == null ? null : c.cluster().name();
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
    public final WorkloadIndex workloads() {
        return worker.clusters().workloads();
    }

    @Override
    public final CharSequence streamId() {
        AsciiString id = streamId;
        if (id == null) {
            id = RequestEdge.uuid();
            streamId = id;
        }
        return id;
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
        return upstreamLocal == null ? null : tunnel ? TUNNEL_LOCAL : upstreamLocal;
    }

    @Override
    public final CharSequence downstreamLocalAddress() {
        return client.localText();
    }

    @Override
    public final CharSequence downstreamRemoteAddress() {
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
    public final IpAddress remoteIp() {
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

    @Override
    public final @Nullable RequestHead request() {
        return null;
    }

    @Override
    public final @Nullable String requestedServerName() {
        return hello.serverName().isEmpty() ? null : hello.serverName();
    }

    @Override
    public final @Nullable Claims claims() {
        return null;
    }

    @Override
    public final long upstreamConnectionId() {
        return upstreamConnection;
    }

    @Override
    public final int upstreamAttempts() {
        return attempts;
    }
}
