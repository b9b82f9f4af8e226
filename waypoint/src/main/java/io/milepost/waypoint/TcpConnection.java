package io.milepost.waypoint;

import io.milepost.filters.HashKey;
import io.milepost.hbone.TunnelRequest;
import io.milepost.policy.AuthzDecision;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.codec.ConnectionNumber;
import io.milepost.waypoint.exchange.ClientConnection;
import io.milepost.waypoint.exchange.WorkerContext;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.Connector;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.Pick;
import io.milepost.waypoint.upstream.Traits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * A raw TCP connection between a client's tunnel and one endpoint: where it goes, whether it may, and how it ends. The
 * bytes are {@link TcpRelay}'s, what is told of it {@link TcpFacts}'. One event loop.
 */
final class TcpConnection extends TcpFacts implements EarlyBytes {
    private final TcpRelay relay;
    private @Nullable TunnelRequest request;
    private Runnable refused = () -> {};
    /** Why policies refuse it; null when they don't. */
    private @Nullable String denied;

    private @Nullable TcpLifetime lifetime;
    private boolean finished;

    TcpConnection(TcpService service, ClientConnection client, WorkerContext worker, ClientHello.Seen hello) {
        super(service, client, worker, hello);
        this.relay = new TcpRelay(worker.loop(), this, this::finish);
    }

    /** Chooses an endpoint. Returns false (and logs) when the CONNECT must be refused. */
    boolean plan() {
        String name = service.pick(worker.random(), hello);
        ClusterState c = name == null ? null : worker.clusters().get(name);
        if (c == null) {
            flags = ResponseFlags.NO_CLUSTER_FOUND;
            finish();
            return false;
        }
        cluster = c;
        Pick pick = question();
        HostState h = c.pick(pick);
        if (h == null && !pick.pending()) {
            flags = ResponseFlags.NO_HEALTHY_UPSTREAM;
            finish();
            return false;
        }
        host = h;
        return true;
    }

    private Pick question() {
        Pick p = worker.pick().begin().destination(client.destination(), client.destinationPort());
        return service.chain().hashSourceIp() ? p.hash(HashKey.ofSource(client.remote())) : p;
    }

    /** Handler of the client's tunnel. */
    ChannelInboundHandlerAdapter downstreamHandler() {
        return relay.side(true);
    }

    /**
     * Declared TCP: the CONNECT is answered when the endpoint is connected.
     *
     * @param onRefused called after it got 503 because the endpoint could not be connected
     */
    void serve(TunnelRequest connect, Runnable onRefused) {
        request = connect;
        refused = onRefused;
        authorize();
        connect(true);
    }

    /** Detected TCP: the tunnel is open already, and what it brought comes through {@link #early}. */
    void open(Channel tunnel) {
        relay.downstream(tunnel);
        tunnel.config().setAutoRead(false);
        authorize();
        connect(true);
    }

    @Override
    public void early(ByteBuf data) {
        relay.early(data);
    }

    private void authorize() {
        AuthzDecision authz = service.policies().decide(this);
        if (!authz.allowed()) {
            denied = authz.details();
            relay.ignoreEndpoint();
        }
    }

    /** @param mayWait for the names of the cluster to be looked up */
    private void connect(boolean mayWait) {
        ClusterState c = java.util.Objects.requireNonNull(cluster, "not planned");
        if (finished) {
            return;
        }
        HostState h = host;
        if (h == null) {
            Pick pick = question();
            h = c.pick(pick);
            if (h == null) {
                if (!mayWait || !pick.whenReady(worker.loop(), () -> connect(false))) {
                    fail(ResponseFlags.NO_HEALTHY_UPSTREAM, null);
                }
                return;
            }
            host = h;
        }
        if (!c.limits().tcpConnection()) {
            fail(ResponseFlags.UPSTREAM_OVERFLOW, null);
            return;
        }
        HostState to = h;
        count(c, to);
        if (to.endpoint().tunnel().isPresent()) {
            // Envoy's inner connection to its own tunnel always succeeds (recorded: hbone-log-tcp).
            tunnel();
        }
        worker.connector()
                .connect(worker.loop(), c, to, traits(c), relay.side(false))
                .addListener((Future<Channel> f) -> {
                    if (f.isSuccess()) {
                        c.connected(to);
                        connected(f.getNow());
                    } else {
                        c.failed(to, Connector.reason(f.cause()));
                        notConnected(to, f.cause());
                    }
                });
    }

    private Traits traits(ClusterState c) {
        return Traits.matter(c.cluster())
                ? Traits.of(
                        c.cluster(),
                        c.cluster().serviceHost(),
                        Traits.address(client.remoteText()),
                        Traits.address(client.localText()))
                : Traits.NONE;
    }

    /** Takes the connection into the counts of cluster and endpoint; {@link #finish} gives it back. */
    private void count(ClusterState c, HostState h) {
        h.active().incrementAndGet();
        h.connections().incrementAndGet();
        lifetime =
                TcpLifetime.start(worker.loop(), c.cluster().transport(), () -> bytesReceived + bytesSent, this::end);
    }

    private void connected(Channel up) {
        relay.upstream(up);
        attempts = 1;
        upstreamConnection = ConnectionNumber.next();
        upstreamLocal = worker.addressText(up.localAddress());
        opened();
        Channel down = tunnel();
        if (down == null || !down.isActive()) {
            up.close();
            finish();
        } else if (denied != null) {
            up.config().setAutoRead(false);
            relay.onWord(this::deny);
        } else {
            relay.join(down, up);
        }
    }

    private void notConnected(HostState to, Throwable cause) {
        if (to.endpoint().tunnel().isPresent()) {
            // A reset of a connection that counts as open, once the client has spoken.
            upstreamLocal = TUNNEL_LOCAL;
            relay.onWord(() -> fail(ResponseFlags.UPSTREAM_REMOTE_RESET, null));
        } else {
            String transport = Connector.transportText(cause);
            fail(
                    ResponseFlags.UPSTREAM_CONNECTION_FAILURE | ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED,
                    transport.isEmpty() ? null : transport);
        }
    }

    /** The client's tunnel, opened if it is not yet; null when the client does not wait any more. */
    private @Nullable Channel tunnel() {
        TunnelRequest r = request;
        if (relay.downstream() == null && r != null && !r.isCancelled()) {
            relay.downstream(r.accept(downstreamHandler()));
        }
        return relay.downstream();
    }

    /**
     * As Envoy, whose policy filter speaks at the first bytes of a client: the endpoint is connected by then, and the log has
     * both (recorded: authz-tcp). Nothing passes in either direction.
     */
    private void deny() {
        if (!finished) {
            end(java.util.Objects.requireNonNullElse(denied, ""));
        }
    }

    private void end(String why) {
        termination = why;
        relay.closeUpstream();
        fail(0, null);
    }

    private void fail(int why, @Nullable String transport) {
        flags |= why;
        transportFailure = transport;
        Channel d = relay.downstream();
        TunnelRequest r = request;
        boolean refuse = d == null && r != null && !finished;
        if (d != null) {
            d.close();
        } else if (refuse && r != null) {
            r.refuse(503);
        }
        finish();
        if (refuse) {
            refused.run();
        }
    }

    private void finish() {
        if (finished) {
            return;
        }
        finished = true;
        HostState h = host;
        ClusterState c = cluster;
        TcpLifetime l = lifetime;
        if (h != null && c != null && l != null) {
            l.stop();
            h.active().decrementAndGet();
            h.connections().decrementAndGet();
            c.limits().tcpConnectionClosed();
        }
        relay.release();
        report();
    }
}
