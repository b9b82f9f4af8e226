package io.milepost.testbed.hbone;

import io.milepost.testbed.ca.TestCa;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * Opens HBONE tunnels from any thread that may block (virtual ones are fine):
 *
 * <pre>
 * try (HboneTestClient client = new HboneTestClient(ca.root());
 *         Tunnel t = client.open(TunnelRequest.of(waypoint, ca.leaf("default", "client"), "10.96.0.10:9080"))) {
 *     HttpAnswer answer = Http1.get(t, "reviews:9080", "/");
 * }
 * </pre>
 *
 * {@link #open} makes one TLS connection per tunnel; {@link #connect} keeps a connection for many tunnels. The peer's certificate must come from the root; its name isn't checked.
 */
@SuppressWarnings("FutureReturnValueIgnored")
public final class HboneTestClient implements AutoCloseable {
    private record TlsKey(TestCa.Leaf identity, List<String> alpn) {}

    private final Path root;
    private final EventLoopGroup group;
    private final Map<TlsKey, SslContext> contexts = new ConcurrentHashMap<>();

    public HboneTestClient(Path root) {
        this.root = root;
        this.group = new MultiThreadIoEventLoopGroup(
                2, new DefaultThreadFactory("hbone-test-client", true), NioIoHandler.newFactory());
    }

    /** Connects and opens one tunnel; closing the tunnel closes the connection. */
    public Tunnel open(TunnelRequest request) throws IOException {
        HboneTestConnection connection = connect(request);
        try {
            Tunnel tunnel = connection.open(request, true);
            tunnel.awaitAccepted();
            return tunnel;
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    /** A TLS connection (with the request's identity, source and ALPN) that carries as many tunnels as are opened on it. */
    public HboneTestConnection connect(TunnelRequest r) throws IOException {
        SslContext tls = contexts.computeIfAbsent(new TlsKey(r.identity(), r.alpn()), this::context);
        HboneTestConnection handler = new HboneTestConnection();
        Bootstrap bootstrap = new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) r.timeout().toMillis())
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        SslHandler ssl = tls.newHandler(ch.alloc());
                        ssl.setHandshakeTimeoutMillis(r.timeout().toMillis());
                        ch.pipeline().addLast(ssl, new HboneTestConnection.AfterHandshake(handler));
                    }
                });
        ChannelFuture connecting = r.source() == null
                ? bootstrap.connect(r.peer())
                : bootstrap.connect(r.peer(), new InetSocketAddress(r.source(), 0));
        connecting.awaitUninterruptibly();
        if (!connecting.isSuccess()) {
            throw new IOException("cannot connect to " + r.peer() + " from " + r.source(), connecting.cause());
        }
        if (!handler.ready().awaitUninterruptibly(r.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
            connecting.channel().close();
            throw new SocketTimeoutException("TLS handshake with " + r.peer() + " took longer than " + r.timeout());
        }
        if (!handler.ready().isSuccess()) {
            connecting.channel().close();
            throw new IOException(
                    "TLS handshake with " + r.peer() + " failed",
                    handler.ready().cause());
        }
        return handler;
    }

    private SslContext context(TlsKey key) {
        try {
            SslContextBuilder builder = SslContextBuilder.forClient()
                    .trustManager(root.toFile())
                    .keyManager(
                            key.identity().cert().toFile(), key.identity().key().toFile())
                    .protocols("TLSv1.3")
                    .endpointIdentificationAlgorithm(null); // mesh certificates name workloads, not hosts
            if (!key.alpn().isEmpty()) {
                builder.applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        key.alpn()));
            }
            return builder.build();
        } catch (SSLException e) {
            throw new IllegalStateException(
                    "cannot use the certificate " + key.identity().cert(), e);
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    }
}
