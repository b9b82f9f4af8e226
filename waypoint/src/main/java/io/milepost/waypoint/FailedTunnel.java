package io.milepost.waypoint;

import io.milepost.hbone.TunnelException;
import io.milepost.hbone.TunnelTarget;
import io.milepost.mesh.IpAddress;
import io.milepost.telemetry.LogContext;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.exchange.ClientConnection;
import org.jspecify.annotations.Nullable;

/**
 * The log's view of a tunnel to an endpoint that could not be opened. Envoy opens it behind a listener of its own, whose
 * log says why; the line of the request only says that its connection ended (recorded: hbone-log-default).
 */
final class FailedTunnel implements LogContext {
    private static final String CLUSTER = "connect_originate";
    private static final String CLIENT = "envoy://internal_client_address/";

    private final TunnelTarget target;
    private final TunnelException why;
    private final long endEpochNanos = System.currentTimeMillis() * 1_000_000;
    private final long durationNanos;

    FailedTunnel(TunnelTarget target, TunnelException why, long startNanos) {
        this.target = target;
        this.why = why;
        this.durationNanos = System.nanoTime() - startNanos;
    }

    @Override
    public boolean tcp() {
        return true;
    }

    @Override
    public long startEpochNanos() {
        return endEpochNanos - durationNanos;
    }

    @Override
    public long durationNanos() {
        return durationNanos;
    }

    @Override
    public int responseFlags() {
        return ResponseFlags.UPSTREAM_CONNECTION_FAILURE | ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED;
    }

    @Override
    public @Nullable CharSequence upstreamTransportFailureReason() {
        return why.status() > 0 ? "tunnel_response:" + why.status() : why.getMessage();
    }

    @Override
    public CharSequence upstreamCluster() {
        return CLUSTER;
    }

    @Override
    public CharSequence upstreamHost() {
        return ClientConnection.text(
                IpAddress.of(target.address().getAddress()), target.address().getPort());
    }

    @Override
    public CharSequence downstreamLocalAddress() {
        return target.authority();
    }

    @Override
    public CharSequence downstreamRemoteAddress() {
        return CLIENT;
    }
}
