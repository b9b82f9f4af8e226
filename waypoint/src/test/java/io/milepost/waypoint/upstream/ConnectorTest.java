package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.hbone.HboneClient;
import io.milepost.mesh.Cluster.ProxyProtocol;
import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.PrivateKeyText;
import io.milepost.mesh.ValueMatch;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS and PROXY headers on real connections over loopback. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
class ConnectorTest {
    @TempDir
    Path dir;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final Fixture f = new Fixture();
    private final List<String> received = new CopyOnWriteArrayList<>();
    private final List<String> serverNames = new CopyOnWriteArrayList<>();
    private final List<String> clients = new CopyOnWriteArrayList<>();
    private final Connector connector = new Connector(
            (HboneClient) Proxy.newProxyInstance(
                    ConnectorTest.class.getClassLoader(), new Class<?>[] {HboneClient.class}, (p, m, a) -> {
                        throw new AssertionError("no tunnels here: " + m);
                    }),
            NioSocketChannel.class,
            (target, why, start) -> {},
            20);
    private TestCertificates ca;
    private @Nullable Channel server;

    @BeforeEach
    void authority() throws Exception {
        ca = new TestCertificates("test authority");
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close().syncUninterruptibly();
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Notes what comes, after TLS where there is a context. */
    private void serve(@Nullable SslContext tls) {
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
        f.endpoints(Fixture.at("127.0.0.1", ((InetSocketAddress) server.localAddress()).getPort()));
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

    private SslContext server(TestCertificates.Issued own, @Nullable X509Certificate clients) throws Exception {
        SslContextBuilder b = SslContextBuilder.forServer(own.key(), own.certificate());
        if (clients != null) {
            b.trustManager(clients).clientAuth(ClientAuth.REQUIRE);
        }
        return b.build();
    }

    private UpstreamTls tls(@Nullable Path caFile, String sni, ValueMatch... sans) {
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
    private @Nullable Throwable hello(ClusterState c, Traits traits) {
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

    private Traits request(String authority) {
        return Traits.of(f.cluster(), authority, null, null);
    }

    @Test
    @DisplayName("SIMPLE: authority from a file, server name and expected name from Host (auto SNI)")
    void simple() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("api.example")), null));
        f.tls = Optional.of(tls(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()), ""));
        ClusterState c = f.build();
        assertThat(hello(c, request("API.example:443"))).isNull();
        await().untilAsserted(() -> assertThat(received).containsExactly("hello"));
        assertThat(serverNames).containsExactly("api.example");
        assertThat(clients).containsExactly("none");
    }

    @Test
    @DisplayName("a certificate for another name is refused, and nothing of the request is sent")
    void wrongName() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("other.example")), null));
        f.tls = Optional.of(tls(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()), ""));
        ClusterState c = f.build();
        Throwable t = hello(c, request("api.example"));
        assertThat(t).hasMessageContaining("not for api.example");
        assertThat(Connector.reason(t)).isEqualTo(Reset.CONNECT_FAILURE);
        assertThat(c.stats().tlsFailures.sum()).isEqualTo(1);
        assertThat(received).isEmpty();
    }

    @Test
    @DisplayName("configured names replace the comparison with Host; wildcards in certificates stand for one label")
    void sans() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("*.example"), TestCertificates.uri("spiffe://td/ns/a/sa/b")), null));
        Path file = TestCertificates.pem(dir.resolve("ca.pem"), ca.authority());
        f.tls = Optional.of(tls(file, "sni.test", ValueMatch.exact("spiffe://td/ns/a/sa/b")));
        assertThat(hello(f.build(), request("whatever"))).isNull();
        assertThat(serverNames).containsExactly("sni.test");
        f.tls = Optional.of(tls(file, "", ValueMatch.exact("api.example")));
        assertThat(hello(f.build(), request("whatever"))).isNull();
        f.tls = Optional.of(tls(file, "", ValueMatch.exact("a.b.example")));
        assertThat(hello(f.build(), request("whatever"))).isNotNull();
    }

    @Test
    @DisplayName("a certificate of another authority is refused; insecureSkipVerify accepts it")
    void otherAuthority() throws Exception {
        serve(server(new TestCertificates("other").issue(TestCertificates.dns("api.example")), null));
        Path file = TestCertificates.pem(dir.resolve("ca.pem"), ca.authority());
        f.tls = Optional.of(tls(file, ""));
        assertThat(hello(f.build(), request("api.example"))).isNotNull();
        f.tls = Optional.of(tls(null, ""));
        assertThat(hello(f.build(), request("api.example")))
                .as("the system's authorities")
                .isNotNull();
        f.tls = Optional.of(new UpstreamTls(
                Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Optional.empty(), true, false));
        assertThat(hello(f.build(), request("api.example"))).isNull();
    }

    @Test
    @DisplayName("MUTUAL: the client's certificate is presented")
    void mutual() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("api.example")), ca.authority()));
        TestCertificates.Issued own = ca.issue(TestCertificates.uri("spiffe://td/ns/a/sa/waypoint"));
        f.tls = Optional.of(new UpstreamTls(
                Optional.empty(),
                List.of(),
                Optional.of(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority())
                        .toString()),
                Optional.of(TestCertificates.pem(dir.resolve("cert.pem"), own.certificate())
                        .toString()),
                Optional.of(
                        TestCertificates.pem(dir.resolve("key.pem"), own.key()).toString()),
                false,
                false));
        assertThat(hello(f.build(), request("api.example"))).isNull();
        await().untilAsserted(() -> assertThat(clients).hasSize(1));
        assertThat(clients.getFirst()).contains("spiffe://td/ns/a/sa/waypoint");
    }

    @Test
    @DisplayName("MUTUAL from texts of a Secret; what does not fit fails closed")
    void mutualOfTexts() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("api.example")), ca.authority()));
        TestCertificates.Issued own = ca.issue(TestCertificates.uri("spiffe://td/ns/a/sa/secret"));
        f.tls = Optional.of(texts(own, own));
        assertThat(f.tls.toString()).as("what admin pages and logs may show").doesNotContain("PRIVATE KEY");
        assertThat(hello(f.build(), request("api.example"))).isNull();
        await().untilAsserted(() -> assertThat(clients).hasSize(1));
        assertThat(clients.getFirst()).contains("spiffe://td/ns/a/sa/secret");
        f.tls = Optional.of(texts(own, ca.issue(TestCertificates.uri("spiffe://td/ns/a/sa/other"))));
        assertThat(hello(f.build(), request("api.example"))).hasMessageContaining("TLS handshake");
        f.tls = Optional.of(new UpstreamTls(
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                Optional.of(new UpstreamTls.Identity("no certificate", new PrivateKeyText("no key")))));
        assertThat(hello(f.build(), request("api.example"))).hasMessageContaining("is not possible, nothing is sent");
        assertThat(received).containsExactly("hello");
    }

    private UpstreamTls texts(TestCertificates.Issued certificate, TestCertificates.Issued key) throws Exception {
        return new UpstreamTls(
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                Optional.of(Files.readString(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()))),
                Optional.of(new UpstreamTls.Identity(
                        Files.readString(TestCertificates.pem(dir.resolve("cert.pem"), certificate.certificate())),
                        new PrivateKeyText(
                                Files.readString(TestCertificates.pem(dir.resolve("key.pem"), key.key()))))));
    }

    @Test
    @DisplayName("files that cannot be read: every connection fails, nothing goes out; mended files are picked up")
    void failsClosed() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("api.example")), null));
        Path file = dir.resolve("ca.pem");
        f.tls = Optional.of(tls(file, ""));
        ClusterState c = f.build();
        Throwable t = hello(c, request("api.example"));
        assertThat(t)
                .hasMessageContaining(Fixture.NAME)
                .hasMessageContaining("no such file")
                .hasMessageContaining("ca.pem");
        assertThat(c.problem()).contains("ca.pem");
        Files.writeString(file, "no certificate");
        c.refreshFiles();
        assertThat(hello(c, request("api.example"))).isNotNull();
        assertThat(received).isEmpty();
        TestCertificates.pem(file, ca.authority());
        c.refreshFiles();
        assertThat(c.problem()).isEmpty();
        assertThat(hello(c, request("api.example"))).isNull();
        Files.delete(file);
        c.refreshFiles();
        assertThat(hello(c, request("api.example")))
                .as("what was read stays in use")
                .isNull();
    }

    @Test
    @DisplayName("MUTUAL with a certificate and no key fails closed")
    void halfMutual() throws Exception {
        serve(null);
        f.tls = Optional.of(new UpstreamTls(
                Optional.empty(), List.of(), Optional.empty(), Optional.of("cert.pem"), Optional.empty(), true, false));
        assertThat(hello(f.build(), request("api.example"))).hasMessageContaining("one of both files");
        assertThat(received).isEmpty();
    }

    @Test
    @DisplayName("several addresses: one that refuses is passed over")
    void refusingAddress() {
        serve(null);
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        f.endpoints(Fixture.at("127.0.0.77", port).withMore(List.of("127.0.0.1")));
        assertThat(hello(f.build(), Traits.NONE)).isNull();
        await().untilAsserted(() -> assertThat(received).containsExactly("hello"));
    }

    @Test
    @DisplayName("several addresses: one that does not answer is passed over, TLS goes to the other")
    void silentAddress() throws Exception {
        serve(server(ca.issue(TestCertificates.dns("api.example")), null));
        f.tls = Optional.of(tls(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()), ""));
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        try (ServerSocket silent = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.78"));
                Socket one = new Socket("127.0.0.78", port);
                Socket two = new Socket("127.0.0.78", port)) {
            assertThat(silent.isBound() && one.isConnected() && two.isConnected())
                    .as("the queue is full: Linux lets further clients wait")
                    .isTrue();
            f.endpoints(Fixture.at("127.0.0.78", port).withMore(List.of("127.0.0.1")));
            assertThat(hello(f.build(), request("api.example"))).isNull();
        }
        await().untilAsserted(() -> assertThat(received).containsExactly("hello"));
    }

    @Test
    @DisplayName("several addresses: when none answers, it is as with one")
    void noAddress() {
        serve(null);
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        f.endpoints(Fixture.at("127.0.0.77", port).withMore(List.of("127.0.0.79")));
        Throwable t = hello(f.build(), Traits.NONE);
        assertThat(t).hasMessageContaining("Connection refused");
        assertThat(Connector.reason(t)).isEqualTo(Reset.CONNECT_FAILURE);
        assertThat(received).isEmpty();
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(ip, port);
    }

    @Test
    @DisplayName("PROXY v1 comes before the first byte, and before TLS")
    void proxyV1() throws Exception {
        serve(null);
        f.proxy = Optional.of(ProxyProtocol.V1);
        Traits traits = Traits.of(f.cluster(), "x", address("10.1.1.1", 4711), address("10.96.0.1", 80));
        assertThat(hello(f.build(), traits)).isNull();
        await().untilAsserted(() ->
                assertThat(String.join("", received)).isEqualTo("PROXY TCP4 10.1.1.1 10.96.0.1 4711 80\r\nhello"));
        received.clear();
        f.tls = Optional.of(tls(null, ""));
        HostState h = f.build().hosts().getFirst();
        ClusterState withTls = f.build();
        Future<Channel> never = loop.submit(
                        () -> connector.connect(loop, withTls, h, traits, new ChannelInboundHandlerAdapter()))
                .syncUninterruptibly()
                .getNow();
        await().untilAsserted(() -> assertThat(String.join("", received))
                .startsWith("PROXY TCP4 10.1.1.1 10.96.0.1 4711 80\r\n\u0016\u0003"));
        assertThat(never.isSuccess()).isFalse();
    }

    @Test
    @DisplayName("PROXY headers as tables (the specification's forms)")
    void proxyHeaders() {
        assertThat(ProxyHeaders.v1(address("2001:db8::1", 1), address("2001:db8::2", 2)))
                .isEqualTo("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
        assertThat(ProxyHeaders.v1(null, null)).isEqualTo("PROXY UNKNOWN\r\n");
        assertThat(ProxyHeaders.v1(address("10.0.0.1", 1), address("2001:db8::2", 2)))
                .isEqualTo("PROXY UNKNOWN\r\n");
        assertThat(v2(address("10.1.1.1", 4711), address("10.96.0.1", 80)))
                .isEqualTo(
                        "0d0a0d0a000d0a515549540a" + "21" + "11" + "000c" + "0a010101" + "0a600001" + "1267" + "0050");
        assertThat(v2(null, null)).isEqualTo("0d0a0d0a000d0a515549540a" + "20" + "00" + "0000");
    }

    private static String v2(@Nullable InetSocketAddress from, @Nullable InetSocketAddress to) {
        ByteBuf b = ProxyHeaders.of(ProxyProtocol.V2, Unpooled.EMPTY_BUFFER.alloc(), from, to);
        try {
            return ByteBufUtil.hexDump(b);
        } finally {
            b.release();
        }
    }

    @Test
    @DisplayName("connect timeout: an address that does not answer the handshake")
    void timeout() throws Exception {
        serve(null);
        f.connectTimeoutMillis = 100;
        f.tls = Optional.of(tls(null, ""));
        Throwable t = hello(f.build(), request("api.example"));
        assertThat(t).isNotNull();
        assertThat(Connector.reason(t)).isIn(Reset.CONNECT_TIMEOUT, Reset.CONNECT_FAILURE);
    }

    @Test
    @DisplayName("traits: server names and addresses from text")
    void traits() {
        f.tls = Optional.of(tls(null, ""));
        assertThat(Traits.of(f.cluster(), "API.Example:443", null, null).serverName())
                .isEqualTo("api.example");
        assertThat(Traits.of(f.cluster(), "[2001:db8::1]:443", null, null).serverName())
                .isEqualTo("2001:db8::1");
        assertThat(Traits.matter(f.cluster())).isTrue();
        f.tls = Optional.of(tls(null, "fixed.example"));
        assertThat(Traits.matter(f.cluster())).isFalse();
        assertThat(Traits.address("10.0.0.1:80")).isEqualTo(address("10.0.0.1", 80));
        assertThat(Traits.address("[2001:db8::1]:80")).isEqualTo(address("2001:db8::1", 80));
        assertThat(Traits.address("envoy://main_internal/")).isNull();
    }
}
