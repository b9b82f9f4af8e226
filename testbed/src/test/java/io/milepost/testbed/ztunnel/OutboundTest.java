package io.milepost.testbed.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.hbone.HboneServer;
import io.milepost.hbone.TunnelRequest;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections of a pod: next hops, CONNECT headers, logs and metrics as ztunnel-measured.md has them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class OutboundTest {
    @TempDir
    static Path folder;

    private static World world;
    private static Application server;
    private static Application plain;

    @BeforeAll
    static void start() throws IOException {
        world = new World(1, folder);
        server = new Application(world.ip(3), 8080, Application.ECHO);
        plain = new Application(world.ip(4), 8080, Application.ECHO);
    }

    @AfterAll
    static void stop() throws IOException {
        world.close();
        server.close();
        plain.close();
    }

    /** Sends, ends, and returns all that comes back. */
    private static String roundTrip(Socket socket, String text) throws IOException {
        try (socket) {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /** End of stream or reset: both are what an application sees of a failure behind SOCKS5. */
    private static void closedWithoutABye(Socket socket) {
        try (socket) {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void aServiceWithoutWaypointIsReachedAtItsPod() throws IOException {
        assertThat(roundTrip(world.connect("zs", 80), "four")).isEqualTo("four");
        assertThat(server.clients()).contains(InetAddress.ofLiteral(world.ip(3)));
        String out = world.line("dst.service=\"zs.default", "direction=\"outbound\"", "bytes_sent=4 ");
        assertThat(out)
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\tinfo\taccess\tconnection complete\t"
                        + "src\\.addr=127\\.0\\.0\\.1:\\d+ src\\.workload=\"client\" src\\.namespace=\"default\""
                        + " src\\.identity=\"" + World.CLIENT + "\" src\\.cluster=\"Kubernetes\""
                        + " dst\\.addr=127\\.33\\.1\\.3:15008 dst\\.hbone_addr=127\\.33\\.1\\.3:8080"
                        + " dst\\.service=\"zs\\.default\\.svc\\.cluster\\.local\" dst\\.workload=\"server\""
                        + " dst\\.namespace=\"default\" dst\\.identity=\"" + World.SERVER
                        + "\" dst\\.cluster=\"Kubernetes\""
                        + " direction=\"outbound\" bytes_sent=4 bytes_recv=4 duration=\"\\d+ms\"");
        String in = world.line("dst.service=\"zs.default", "direction=\"inbound\"", "bytes_sent=4 ");
        assertThat(in)
                .contains("src.addr=127.33.1.2:")
                .contains("src.workload=\"client\"")
                .contains("dst.addr=127.33.1.3:15008 dst.hbone_addr=127.33.1.3:8080");
        assertThat(world.metrics())
                .containsPattern(
                        "istio_tcp_connections_opened_total\\{reporter=\"source\",source_workload=\"client\",.*source_principal=\""
                                + World.CLIENT
                                + "\".*destination_service=\"zs.default.svc.cluster.local\".*destination_principal=\""
                                + World.SERVER
                                + "\".*response_flags=\"-\",connection_security_policy=\"mutual_tls\"\\} 1")
                .containsPattern(
                        "istio_tcp_received_bytes_total\\{reporter=\"destination\",.*service_name=\"zs\".*\\} 4")
                .containsPattern(
                        "istio_tcp_connections_closed_total\\{reporter=\"source\",.*service_name=\"zs\".*\\} 1")
                .contains("istio_tcp_sockets_open{reporter=\"source\"}");
    }

    @Test
    void aPodOutsideTheMeshIsReachedPlainly() throws IOException {
        assertThat(roundTrip(world.connect(world.vip(4), 80), "plain")).isEqualTo("plain");
        assertThat(plain.clients()).contains(InetAddress.ofLiteral(world.ip(2)));
        assertThat(world.line("dst.workload=\"plain\"", "bytes_sent=5"))
                .contains("dst.addr=127.33.1.4:8080")
                .doesNotContain("identity")
                .doesNotContain("hbone_addr");
    }

    @Test
    void whatNobodyKnowsIsPassedThrough() throws IOException {
        try (Application outside = new Application("127.34.1.1", 0, Application.ECHO)) {
            assertThat(roundTrip(world.connect("127.34.1.1", outside.port()), "outside"))
                    .isEqualTo("outside");
            assertThat(world.line("dst.addr=127.34.1.1:" + outside.port()))
                    .contains("src.workload=\"client\"")
                    .doesNotContain("dst.workload");
        }
    }

    /** Notes the CONNECTs and answers the bytes. */
    private static final class EchoTunnel extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ((DuplexChannel) ctx.channel()).shutdownOutput();
            }
        }
    }

    @Test
    void aServiceAndAPodBehindAWaypointAreReachedThroughIt() throws IOException {
        List<TunnelRequest> connects = new CopyOnWriteArrayList<>();
        List<String> headers = new CopyOnWriteArrayList<>();
        try (HboneServer _ = world.waypoint("wp", request -> {
            connects.add(request);
            headers.add(request.header("baggage") + " " + request.header("forwarded") + " "
                    + String.valueOf(request.header("traceparent")).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00"));
            request.accept(new EchoTunnel());
        })) {
            assertThat(roundTrip(world.connect("viawp", 80), "service")).isEqualTo("service");
            assertThat(roundTrip(world.connect(world.ip(5), 9999), "pod")).isEqualTo("pod");
        }
        assertThat(connects).extracting(TunnelRequest::authority).containsExactly("10.78.1.2:80", "127.33.1.5:9999");
        assertThat(connects).allSatisfy(c -> {
            assertThat(c.peer().principal()).isEqualTo(World.CLIENT);
            assertThat(c.peer().remoteAddress().getAddress()).isEqualTo(InetAddress.ofLiteral(world.ip(2)));
        });
        // One connection for both, as with ztunnel's pool
        assertThat(connects).extracting(c -> c.peer().remoteAddress()).hasSize(2);
        String baggage =
                "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.pod.name=client,service.name=client,service.version=latest";
        assertThat(headers.get(0))
                .startsWith(baggage + " for=\"127.0.0.1:")
                .endsWith("\";host=viawp.default.svc.cluster.local true");
        assertThat(headers.get(1)).startsWith(baggage + " for=\"127.0.0.1:").endsWith("\" true");
        assertThat(world.line("dst.service=\"viawp", "bytes_sent=7"))
                .contains("dst.addr=127.33.1.9:15008 dst.hbone_addr=10.78.1.2:80")
                .contains("dst.workload=\"waypoint-abc\"")
                .contains("dst.identity=\"spiffe://cluster.local/ns/default/sa/wp\"");
    }

    @Test
    void somebodyElseInTheWaypointsPlaceGetsNothing() throws IOException {
        List<TunnelRequest> connects = new CopyOnWriteArrayList<>();
        try (HboneServer _ = world.waypoint("impostor", connects::add)) {
            closedWithoutABye(world.connect(world.vip(2), 81));
            assertThat(world.line("dst.hbone_addr=10.78.1.2:81"))
                    .contains("\terror\taccess\tconnection complete\t")
                    .contains(
                            "error=\"io error: invalid peer certificate: Other(OtherError(identity verification error: peer did not"
                                    + " present the expected SAN (spiffe://cluster.local/ns/default/sa/wp), got"
                                    + " [spiffe://cluster.local/ns/default/sa/impostor]))\"");
        }
        assertThat(connects).isEmpty();
    }

    @Test
    void anAnswerOtherThan200IsAFailure() throws IOException {
        try (HboneServer _ = world.waypoint("wp", request -> request.refuse(403))) {
            closedWithoutABye(world.connect(world.vip(2), 82));
            assertThat(world.line("dst.hbone_addr=10.78.1.2:82"))
                    .endsWith("error=\"http status: 403 Forbidden\"")
                    .contains("\terror\t");
        }
        assertThat(world.metrics())
                .containsPattern(
                        "istio_tcp_connections_failed_total\\{reporter=\"source\".*destination_service_name=\"viawp\".*response_flags=\"CONNECT\"");
    }

    @Test
    void aWaypointThatIsNotThereAndAServiceWithoutPods() throws IOException {
        closedWithoutABye(world.connect(world.vip(2), 83));
        assertThat(world.line("dst.hbone_addr=10.78.1.2:83"))
                .endsWith("error=\"io error: Connection refused (os error 111)\"");
        closedWithoutABye(world.connect("lonely", 80));
        assertThat(world.line("dst.service=\"lonely")).endsWith("error=\"no healthy upstream: 10.78.1.6:80\"");
    }

    @Test
    void callsToTheZtunnelItselfAreRefused() throws IOException {
        for (int port : new int[] {15001, 15006, 15008, 15080}) {
            closedWithoutABye(world.connect(world.ip(2), port));
            assertThat(world.line("dst.addr=127.33.1.2:" + port))
                    .endsWith("error=\"attempted recursive call to ourselves\"");
        }
        // Not captured: the kernel knows of no other destination than this port.
        closedWithoutABye(new Socket(world.ip(2), 15001));
        closedWithoutABye(new Socket(world.ip(2), 15006));
        assertThat(world.line("connection failed", "dst.addr=127.33.1.2:15006"))
                .contains("\twarn\taccess\t")
                .endsWith("error=\"attempted recursive call to ourselves\"");
    }

    @Test
    void anUnknownNameIsAnsweredAsUnreachable() {
        assertThatThrownBy(() -> world.connect("nowhere.example", 80))
                .isInstanceOf(IOException.class)
                .hasMessage("SOCKS5 answer 4");
    }

    @Test
    void whoSpeaksSomethingElseIsShownOut() throws IOException {
        try (Socket socket = new Socket(world.ip(2), 15080)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void bytesThatComeTogetherWithTheRequestArePassedOn() throws IOException {
        byte[] all = new byte[10 + 3 + 5];
        byte[] address = InetAddress.ofLiteral(world.ip(3)).getAddress();
        byte[] head = {5, 1, 0, 5, 1, 0, 1, address[0], address[1], address[2], address[3], 0x1f, (byte) 0x90};
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy("early".getBytes(StandardCharsets.US_ASCII), 0, all, head.length, 5);
        try (Socket socket = new Socket(world.ip(2), 15080)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(all);
            socket.shutdownOutput();
            byte[] answer = socket.getInputStream().readAllBytes();
            assertThat(new String(answer, 12, answer.length - 12, StandardCharsets.US_ASCII))
                    .isEqualTo("early");
        }
    }
}
