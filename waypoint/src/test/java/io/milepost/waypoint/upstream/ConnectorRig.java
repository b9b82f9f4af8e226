package io.milepost.waypoint.upstream;

import io.milepost.hbone.HboneClient;
import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.ValueMatch;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.CharsetUtil;
import io.netty.util.concurrent.Future;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A server on loopback that notes what comes, and a connector towards it; closed behind each test that registers it. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
final class ConnectorRig implements AfterEachCallback {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    final EventLoop loop = loops.next();
    final Fixture f = new Fixture();
    final List<String> received = new CopyOnWriteArrayList<>();
    final List<String> serverNames = new CopyOnWriteArrayList<>();
    final List<String> clients = new CopyOnWriteArrayList<>();
    final Connector connector = new Connector(
            (HboneClient) Proxy.newProxyInstance(
                    ConnectorRig.class.getClassLoader(), new Class<?>[] {HboneClient.class}, (p, m, a) -> {
                        throw new AssertionError("no tunnels here: " + m);
                    }),
            NioSocketChannel.class,
            (target, why, start) -> {},
            20);
    private @Nullable Channel server;

    @Override
    public void afterEach(ExtensionContext context) {
        if (server != null) {
            server.close().syncUninterruptibly();
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Notes what comes, after TLS where there is a context. */
    void serve(@Nullable SslContext tls) {
        server = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel c) {
                        if (tls != null) {
                            c.pipeline().addLast(new SniHandler((name, promise) -> {
                                serverNames.add(String.valueOf(name));
                                return promise.setSuccess(tls);
                            }));
                        }
                        c.pipeline().addLast(new Notes());
                    }
                })
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
        f.endpoints(Fixture.at("127.0.0.1", port()));
    }

    int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    private final class Notes extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext c, Object msg) {
            ByteBuf b = (ByteBuf) msg;
            received.add(b.toString(CharsetUtil.ISO_8859_1));
            b.release();
            SslHandler ssl = c.pipeline().get(SslHandler.class);
            if (ssl != null) {
                try {
                    X509Certificate x =
                            (X509Certificate) ssl.engine().getSession().getPeerCertificates()[0];
                    clients.add(String.valueOf(x.getSubjectAlternativeNames()));
                } catch (javax.net.ssl.SSLPeerUnverifiedException | java.security.cert.CertificateParsingException e) {
                    clients.add("none");
                }
            }
        }
    }

    static SslContext server(TestCertificates.Issued own, @Nullable X509Certificate clients) throws Exception {
        SslContextBuilder b = SslContextBuilder.forServer(own.key(), own.certificate());
        if (clients != null) {
            b.trustManager(clients).clientAuth(ClientAuth.REQUIRE);
        }
        return b.build();
    }

    static UpstreamTls tls(@Nullable Path caFile, String sni, ValueMatch... sans) {
        return new UpstreamTls(
                sni.isEmpty() ? Optional.empty() : Optional.of(sni),
                List.of(sans),
                Optional.ofNullable(caFile).map(Path::toString),
                Optional.empty(),
                Optional.empty(),
                false,
                false);
    }

    /** Connects and sends "hello"; returns the failure, or null. */
    @Nullable
    Throwable hello(ClusterState c, Traits traits) {
        HostState h = c.pick(Fixture.pick().begin());
        Future<Channel> connected = loop.submit(
                        () -> connector.connect(loop, c, h, traits, new ChannelInboundHandlerAdapter()))
                .syncUninterruptibly()
                .getNow();
        connected.awaitUninterruptibly(10, TimeUnit.SECONDS);
        if (!connected.isSuccess()) {
            return connected.cause();
        }
        connected
                .getNow()
                .writeAndFlush(Unpooled.copiedBuffer("hello", CharsetUtil.US_ASCII))
                .syncUninterruptibly();
        return null;
    }

    Traits request(String authority) {
        return Traits.of(f.cluster(), authority, null, null);
    }
}
