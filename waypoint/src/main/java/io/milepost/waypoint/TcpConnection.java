package io.milepost.waypoint;

import io.milepost.filters.HashKey;
import io.milepost.hbone.TunnelRequest;
import io.milepost.http.RequestHead;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.WorkloadIndex;
import io.milepost.policy.Attributes;
import io.milepost.policy.AuthzDecision;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.exchange.ClientConnection;
import io.milepost.waypoint.exchange.RequestEdge;
import io.milepost.waypoint.exchange.WorkerContext;
import io.milepost.waypoint.observe.Served;
import io.milepost.waypoint.observe.TrafficMetrics;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.Connector;
import io.milepost.waypoint.upstream.HostState;
import io.milepost.waypoint.upstream.Pick;
import io.milepost.waypoint.upstream.Traits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Opaque bytes between a client's tunnel and one endpoint, with half close and back-pressure. One event loop. */
final class TcpConnection implements Attributes, Served, EarlyBytes {
    private static final AsciiString TUNNEL_LOCAL = AsciiString.cached("envoy://internal_client_address/");

    private static final long REPORT_SECONDS = 5;
    /** A client that sends nothing does not keep a connection that is over for longer. */
    private static final long LAST_WORD_SECONDS = 5;

    private final TcpService service;
    private final ClientConnection client;
    private final WorkerContext worker;
    private final ClientHello.Seen hello;
    private final long startEpochMillis = System.currentTimeMillis();
    private final long startNanos = System.nanoTime();
    private long endNanos;
    private long received;
    private long sent;
    private int flags;
    private @Nullable String cluster;
    private @Nullable ClusterState clusterState;
    private @Nullable HostState host;
    private @Nullable CharSequence upstreamLocal;
    private @Nullable CharSequence transportFailure;
    private @Nullable CharSequence termination;
    private @Nullable TunnelRequest request;
    private Runnable refused = () -> {};
    /** Why policies refuse it; null when they don't. */
    private @Nullable String denied;
    /** How it ends as soon as the client speaks. */
    private @Nullable Runnable lastWord;

    private @Nullable Channel downstream;
    private @Nullable Channel upstream;
    private boolean finished;
    private boolean halfClosedEarly;
    private @Nullable TcpLifetime lifetime;
    private TrafficMetrics.@Nullable Connection counted;
    private @Nullable ScheduledFuture<?> reports;
    /** Made when a log asks for it. */
    private @Nullable AsciiString streamId;

    /** @param hello what the client's first bytes said, where the chain looks at them */
    TcpConnection(TcpService service, ClientConnection client, WorkerContext worker, ClientHello.Seen hello) {
        this.hello = hello;
        this.service = service;
        this.client = client;
        this.worker = worker;
    }

    /** Chooses an endpoint. Returns false (and logs) when the CONNECT must be refused. */
    boolean plan() {
        String name = service.pick(worker.random(), hello);
        cluster = name;
        ClusterState c = name == null ? null : worker.clusters().get(name);
        if (c == null) {
            flags = ResponseFlags.NO_CLUSTER_FOUND;
            cluster = null;
            finish();
            return false;
        }
        clusterState = c;
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
        return new Side(true);
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
        downstream = tunnel;
        tunnel.config().setAutoRead(false);
        authorize();
        connect(true);
    }

    private void authorize() {
        AuthzDecision authz = service.policies().decide(this);
        denied = authz.allowed() ? null : authz.details();
    }

    /**
     * As Envoy, whose policy filter speaks at the first bytes of a client: the endpoint is connected by then, and the log has
     * both (recorded: authz-tcp). Nothing passes in either direction.
     */
    private void deny() {
        if (!finished) {
            termination = denied;
            Channel u = upstream;
            if (u != null) {
                u.close();
            }
            fail(0, null);
        }
    }

    /** @param mayWait for the names of the cluster to be looked up */
    private void connect(boolean mayWait) {
        ClusterState c = java.util.Objects.requireNonNull(clusterState, "not planned");
        HostState h = host;
        if (finished) {
            return;
        }
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
        counted(c, to);
        if (to.endpoint().tunnel().isPresent()) {
            // Envoy's inner connection to its own tunnel always succeeds (recorded: hbone-log-tcp).
            tunnel();
        }
        worker.connector()
                .connect(worker.loop(), c, to, traits(c), new Side(false))
                .addListener((Future<Channel> f) -> {
                    if (f.isSuccess()) {
                        c.connected(to);
                        connected(f.getNow());
                    } else {
                        c.failed(to, Connector.reason(f.cause()));
                        if (to.endpoint().tunnel().isPresent()) {
                            tunnelFailed();
                            return;
                        }
                        String transport = Connector.transportText(f.cause());
                        fail(
                                ResponseFlags.UPSTREAM_CONNECTION_FAILURE | ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED,
                                transport.isEmpty() ? null : transport);
                    }
                });
    }

    /** The tunnel to the endpoint failed behind a connection that counts as open: a reset, once the client has spoken. */
    private void tunnelFailed() {
        upstreamLocal = TUNNEL_LOCAL;
        Channel down = downstream;
        if (down == null || !early.isEmpty() || halfClosedEarly) {
            fail(ResponseFlags.UPSTREAM_REMOTE_RESET, null);
        } else {
            lastWord = () -> fail(ResponseFlags.UPSTREAM_REMOTE_RESET, null);
            down.config().setAutoRead(true);
            worker.loop().schedule(this::sayLastWord, LAST_WORD_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void sayLastWord() {
        Runnable r = lastWord;
        if (r != null && !finished) {
            r.run();
        }
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

    private void fail(int why, @Nullable String transport) {
        flags |= why;
        transportFailure = transport;
        Channel d = downstream;
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

    /** Takes the connection into the counts of cluster and endpoint; {@link #finish} gives it back. */
    private void counted(ClusterState c, HostState h) {
        h.active().incrementAndGet();
        h.connections().incrementAndGet();
        Cluster.Transport t = c.cluster().transport();
        lifetime = TcpLifetime.start(worker.loop(), t, () -> received + sent, why -> {
            termination = why;
            Channel u = upstream;
            if (u != null) {
                u.close();
            }
            fail(0, null);
        });
    }

    private final List<ByteBuf> early = new ArrayList<>(1);

    /** Bytes that came before the endpoint was connected. */
    @Override
    public void early(ByteBuf data) {
        received += data.readableBytes();
        early.add(data);
        Channel d = downstream;
        if (d != null) {
            // The rest waits at the client until the endpoint is connected.
            d.config().setAutoRead(false);
        }
    }

    private void connected(Channel up) {
        upstream = up;
        upstreamLocal = worker.addressText(up.localAddress());
        opened();
        Channel down = tunnel();
        if (down == null || !down.isActive()) {
            up.close();
            finish();
            return;
        }
        if (denied != null) {
            up.config().setAutoRead(false);
            if (early.isEmpty() && !halfClosedEarly) {
                lastWord = this::deny;
                down.config().setAutoRead(true);
                worker.loop().schedule(this::sayLastWord, LAST_WORD_SECONDS, TimeUnit.SECONDS);
            } else {
                deny();
            }
            return;
        }
        for (ByteBuf b : early) {
            up.write(b);
        }
        early.clear();
        up.flush();
        if (halfClosedEarly && up instanceof DuplexChannel d) {
            // Behind what waits for room: shutting down a socket's output drops it.
            up.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> d.shutdownOutput());
        }
        down.config().setAutoRead(true);
    }

    /** The client's tunnel, opened if it is not yet; null when the client does not wait any more. */
    private @Nullable Channel tunnel() {
        TunnelRequest r = request;
        if (downstream == null && r != null && !r.isCancelled()) {
            downstream = r.accept(downstreamHandler());
        }
        return downstream;
    }

    /** Counts the connection as opened, and from then on what it carries, as often as Istio reports. */
    private void opened() {
        TrafficMetrics m = service.metrics();
        if (m != null) {
            TrafficMetrics.Connection c = m.opened(this);
            counted = c;
            reports = worker.loop()
                    .scheduleAtFixedRate(
                            () -> c.carried(received, sent), REPORT_SECONDS, REPORT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void closed() {
        if (counted == null) {
            opened();
        }
        TrafficMetrics.Connection c = counted;
        ScheduledFuture<?> r = reports;
        if (c != null && r != null) {
            r.cancel(false);
            c.closed(received, sent, flags);
        }
    }

    private final class Side extends ChannelInboundHandlerAdapter {
        private final boolean fromClient;

        Side(boolean fromClient) {
            this.fromClient = fromClient;
        }

        private @Nullable Channel peer() {
            return fromClient ? upstream : downstream;
        }

        @Override
        public void channelRead(ChannelHandlerContext c, Object msg) {
            ByteBuf data = (ByteBuf) msg;
            int n = data.readableBytes();
            Channel p = peer();
            if (lastWord != null || (denied != null && !fromClient)) {
                data.release();
                if (fromClient) {
                    received += n;
                    sayLastWord();
                }
                return;
            }
            if (fromClient) {
                if (p == null) {
                    early(data);
                    return;
                }
                received += n;
            } else {
                sent += n;
            }
            if (p == null) {
                data.release();
                return;
            }
            p.write(data);
            if (!p.isWritable()) {
                p.flush();
                c.channel().config().setAutoRead(p.isWritable());
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext c) {
            Channel p = peer();
            if (p != null) {
                p.flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext c) {
            Channel p = peer();
            if (p != null) {
                p.config().setAutoRead(c.channel().isWritable());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext c, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                Channel p = peer();
                if (lastWord != null) {
                    sayLastWord();
                } else if (p instanceof DuplexChannel d) {
                    p.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> {
                        d.shutdownOutput();
                        if (d.isInputShutdown()) {
                            d.close();
                            c.close();
                        }
                    });
                } else if (p == null) {
                    halfClosedEarly = true;
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext c) {
            Channel p = peer();
            if (p != null && p.isActive()) {
                p.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
            finish();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext c, Throwable cause) {
            c.close();
        }
    }

    private void finish() {
        if (finished) {
            return;
        }
        finished = true;
        endNanos = System.nanoTime();
        HostState h = host;
        ClusterState c = clusterState;
        TcpLifetime l = lifetime;
        if (h != null && c != null && l != null) {
            l.stop();
            h.active().decrementAndGet();
            h.connections().decrementAndGet();
            c.limits().tcpConnectionClosed();
        }
        for (ByteBuf b : early) {
            b.release();
        }
        early.clear();
        closed();
        service.log().log(this);
    }

    @Override
    public boolean tcp() {
        return true;
    }

    @Override
    public long startEpochNanos() {
        return startEpochMillis * 1_000_000;
    }

    @Override
    public long durationNanos() {
        return endNanos - startNanos;
    }

    @Override
    public long bytesReceived() {
        return received;
    }

    @Override
    public long bytesSent() {
        return sent;
    }

    @Override
    public int responseFlags() {
        return flags;
    }

    @Override
    public @Nullable CharSequence connectionTerminationDetails() {
        return termination;
    }

    @Override
    public @Nullable CharSequence upstreamTransportFailureReason() {
        return transportFailure;
    }

    @Override
    public @Nullable CharSequence upstreamCluster() {
        return cluster;
    }

    @Override
    public @Nullable HostState host() {
        return host;
    }

    @Override
    public @Nullable Cluster chosenCluster() {
        ClusterState c = clusterState;
        return c == null ? null : c.cluster();
    }

    @Override
    public WorkloadIndex workloads() {
        return worker.clusters().workloads();
    }

    @Override
    public CharSequence streamId() {
        AsciiString id = streamId;
        if (id == null) {
            id = RequestEdge.uuid();
            streamId = id;
        }
        return id;
    }

    @Override
    public @Nullable CharSequence upstreamHost() {
        HostState h = host;
        return h == null ? null : h.logText();
    }

    @Override
    public @Nullable CharSequence upstreamLocalAddress() {
        HostState h = host;
        boolean tunnel = h != null && h.endpoint().tunnel().isPresent();
        return upstreamLocal == null ? null : tunnel ? TUNNEL_LOCAL : upstreamLocal;
    }

    @Override
    public CharSequence downstreamLocalAddress() {
        return client.localText();
    }

    @Override
    public CharSequence downstreamRemoteAddress() {
        return client.remoteText();
    }

    @Override
    public @Nullable String peerPrincipal() {
        return client.principal();
    }

    @Override
    public @Nullable CharSequence localPrincipal() {
        return client.localPrincipal();
    }

    @Override
    public IpAddress sourceIp() {
        return client.source();
    }

    @Override
    public IpAddress remoteIp() {
        return client.remote();
    }

    @Override
    public @Nullable IpAddress destinationIp() {
        return client.destination();
    }

    @Override
    public int destinationPort() {
        return client.destinationPort();
    }

    @Override
    public @Nullable RequestHead request() {
        return null;
    }

    @Override
    public @Nullable String requestedServerName() {
        return hello.serverName().isEmpty() ? null : hello.serverName();
    }

    @Override
    public @Nullable Claims claims() {
        return null;
    }

    @Override
    public int upstreamAttempts() {
        return upstream == null ? 0 : 1;
    }
}
