package io.milepost.testbed.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoApp;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.echo.HbonePod;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The testbed tests itself: client, tunnel end and application agree with each other and with net.py's answers. */
class EchoThroughHboneTest {
    private static final String IP = "127.1.99.1";

    @TempDir
    static Path dir;

    private static TestCa ca;
    private static EventLoopGroup group;
    private static EchoRecords records;
    private static EchoApp app;
    private static HbonePod hbone;
    private static HboneTestClient client;

    @BeforeAll
    static void start() {
        ca = new TestCa(dir);
        group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("echo", true), NioIoHandler.newFactory());
        records = new EchoRecords();
        app = EchoApp.start("self-v1-0", IP, List.of(8080, 9090), records, group);
        hbone = HbonePod.start("self-v1-0", IP, ca, ca.leaf("default", "self", TestCa.KeyKind.RSA), records, group);
        client = new HboneTestClient(ca.root());
    }

    @AfterAll
    static void stop() {
        client.close();
        hbone.close();
        app.close();
        group.shutdownGracefully().syncUninterruptibly();
    }

    private static TunnelRequest to(int port) throws Exception {
        return TunnelRequest.of(new InetSocketAddress(IP, 15008), ca.leaf("default", "client"), IP + ":" + port)
                .from(InetAddress.getByName("127.2.0.1"));
    }

    @Test
    void http1SaysWhatItSawInTheRecordedForm() throws Exception {
        records.clear();
        try (Tunnel t = client.open(to(8080).with(List.of(new HttpHeader("forwarded", "for=1.2.3.4"))))) {
            HttpAnswer a = Http1.get(t, "self", "/a?b=\"c\"");
            assertThat(a.status()).isEqualTo("200");
            // the form of net.py's json.dumps: its length is part of recorded log lines
            assertThat(a.text())
                    .isEqualTo(
                            "{\"pod\": \"self-v1-0\", \"port\": 8080, \"proto\": \"HTTP/1.1\", \"method\": \"GET\", \"path\": \"/a?b=\\\"c\\\"\", "
                                    + "\"headers\": [[\"Host\", \"self\"]], \"body\": 0, \"sha\": \"e3b0c44298fc1c14\", \"trailers\": []}");
        }
        assertThat(records.seen())
                .singleElement()
                .satisfies(s -> assertThat(s.path()).isEqualTo("/a?b=\"c\""));
        assertThat(records.connects()).singleElement().satisfies(c -> {
            assertThat(c.peer()).containsExactly("spiffe://cluster.local/ns/default/sa/client");
            assertThat(c.headers())
                    .contains(
                            new EchoRecords.Header(":authority", IP + ":8080"),
                            new EchoRecords.Header("forwarded", "for=1.2.3.4"));
        });
    }

    @Test
    void chunkedBothWaysWithTrailers() throws Exception {
        try (Tunnel t = client.open(to(8080))) {
            HttpAnswer a = Http1.raw(
                    t,
                    "POST",
                    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nx-echo-chunked: 1\r\n\r\n3\r\nabc\r\n0\r\nx-t: v\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(a.trailers()).containsExactly(new HttpHeader("x-trail", "yes"));
            assertThat(a.text()).contains("\"body\": 3", "\"trailers\": [[\"x-t\", \"v\"]]");
        }
    }

    @Test
    void steeredStatusFailFirstAndSetHeader() throws Exception {
        try (Tunnel t = client.open(to(8080))) {
            List<HttpHeader> headers = List.of(
                    new HttpHeader("host", "a"),
                    new HttpHeader("x-echo-fail-first", "1"),
                    new HttpHeader("x-echo-id", "steered"),
                    new HttpHeader("x-echo-set", "x-a=b=c"));
            assertThat(Http1.exchange(t, "GET", "/", headers, new byte[0]).status())
                    .isEqualTo("503");
            HttpAnswer second = Http1.exchange(t, "GET", "/", headers, new byte[0]);
            assertThat(second.status()).isEqualTo("200");
            assertThat(second.header("x-a")).isEqualTo("b=c");
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrderEvenWithDelay() throws Exception {
        try (Tunnel t = client.open(to(8080))) {
            HttpAnswer first = Http1.raw(
                    t,
                    "GET",
                    "GET /1 HTTP/1.1\r\nhost: a\r\nx-echo-delay-ms: 50\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(first.text()).contains("\"path\": \"/1\"");
            assertThat(Http1.raw(t, "GET", new byte[0]).text()).contains("\"path\": \"/2\"");
        }
    }

    @Test
    void resetEndsTheTunnel() throws Exception {
        try (Tunnel t = client.open(to(8080))) {
            HttpAnswer a = Http1.exchange(t, "GET", "/", List.of(new HttpHeader("x-echo-reset", "1")), new byte[0]);
            assertThat(a.status()).isEqualTo("closed");
        }
    }

    @Test
    void webSocketEchoes() throws Exception {
        try (Tunnel t = client.open(to(8080))) {
            List<HttpHeader> headers = List.of(
                    new HttpHeader("host", "a"),
                    new HttpHeader("upgrade", "websocket"),
                    new HttpHeader("connection", "Upgrade"),
                    new HttpHeader("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="));
            HttpAnswer a = Http1.exchange(t, "GET", "/", headers, new byte[0]);
            assertThat(a.status()).isEqualTo("101");
            // the example of RFC 6455 1.3
            assertThat(a.header("sec-websocket-accept")).isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            t.send("ping".getBytes(StandardCharsets.US_ASCII));
            t.recvUntil(() -> t.received().size() >= 4);
            assertThat(t.received().takeAll()).asString().isEqualTo("ping");
        }
    }

    @Test
    void http2AndGrpc() throws Exception {
        try (Tunnel t = client.open(to(8080))) {
            HttpAnswer a =
                    Http2.exchange(t, "POST", "self", "/x", List.of(new HttpHeader("X-A", "b")), new byte[200_000]);
            assertThat(a.status()).isEqualTo("200");
            assertThat(a.text()).contains("\"proto\": \"HTTP/2\"", "[\"x-a\", \"b\"]", "\"body\": 200000");
        }
        try (Tunnel t = client.open(to(8080))) {
            HttpAnswer a = Http2.exchange(
                    t,
                    "POST",
                    "self",
                    "/s/m",
                    List.of(
                            new HttpHeader("content-type", "application/grpc"),
                            new HttpHeader("x-echo-grpc-status", "7")),
                    new byte[5]);
            assertThat(a.trailers()).containsExactly(new HttpHeader("grpc-status", "7"));
        }
    }

    @Test
    void manyTunnelsOnOneConnection() throws Exception {
        try (HboneTestConnection c = client.connect(to(9090))) {
            Tunnel one = c.open(to(9090));
            Tunnel two = c.open(to(9090));
            for (Tunnel t : List.of(two, one)) {
                t.send("hi".getBytes(StandardCharsets.US_ASCII));
                t.recvUntil(() -> t.received().size() >= 12);
                assertThat(t.received().takeAll()).asString().isEqualTo("self-v1-0:hi");
                t.end();
                t.recvUntil(() -> false);
                assertThat(t.ended()).isTrue();
            }
            assertThat(c.isOpen()).isTrue();
        }
    }

    @Test
    void refusedAndSilentPeersAreToldApart() throws Exception {
        assertThatThrownBy(() -> client.open(to(8081)))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.why()).isEqualTo("503"));
        try (Tunnel t = client.open(to(8080))) {
            t.timeout(Duration.ofMillis(50));
            assertThatThrownBy(() -> Http1.exchange(
                            t, "GET", "/", List.of(new HttpHeader("x-echo-delay-ms", "60000")), new byte[0]))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }
}
