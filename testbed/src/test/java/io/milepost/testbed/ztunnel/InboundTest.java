package io.milepost.testbed.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.RefusedException;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections to a pod: answers, policies, half close and resets as ztunnel-measured.md has them ("As server", "Half close"). */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class InboundTest {
    private static final String DENY_CLIENT = """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: no-client, namespace: default}
            spec:
              selector: {matchLabels: {app: server}}
              action: DENY
              rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/client]}}]}]
            """;
    private static final String ALLOW_WAYPOINT = """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: only-waypoint, namespace: default}
            spec:
              selector: {matchLabels: {app: server}}
              action: ALLOW
              rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/wp]}}]}]
            """;

    @TempDir
    Path folder;

    private World world;

    @BeforeEach
    void start() {
        world = new World(2, folder);
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private String answer(TunnelRequest request) {
        try (Tunnel tunnel = world.client.open(request)) {
            return tunnel.headers().toString();
        } catch (RefusedException e) {
            return e.why();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void answersOfTheTable() throws IOException {
        try (Application _ = new Application(world.ip(3), 8080, Application.ECHO)) {
            assertThat(answer(world.toServer("127.33.2.3:8080")))
                    .contains("200")
                    .contains("baggage")
                    .contains("k8s.pod.name=server");
            assertThat(answer(world.toServer("zs.default.svc.cluster.local:80")))
                    .contains("200");
            assertThat(answer(world.toServer("10.9.9.9:8080"))).isEqualTo("400");
            assertThat(answer(world.toServer("127.33.2.2:8080"))).isEqualTo("400");
            assertThat(answer(world.toServer("10.78.2.1:80"))).isEqualTo("400");
            assertThat(answer(world.toServer("127.33.2.3"))).isEqualTo("400");
            assertThat(answer(world.toServer("nowhere.example:80"))).isEqualTo("503");
            assertThat(answer(world.toServer("127.33.2.3:15008"))).isEqualTo("503");
            assertThat(answer(world.toServer("127.33.2.3:1"))).isEqualTo("503");
            assertThat(answer(world.toServer("x")
                            .outer(List.of(
                                    new HttpHeader(":method", "GET"),
                                    new HttpHeader(":scheme", "https"),
                                    new HttpHeader(":path", "/"),
                                    new HttpHeader(":authority", "127.33.2.3:8080")))))
                    .isEqualTo("400");
        }
        assertThat(world.line("ip mismatch: 10.9.9.9"))
                .contains("\twarn\taccess\tconnection failed\tsrc.addr=127.33.2.2:")
                .endsWith(
                        "dst.addr=127.33.2.3:15008 direction=\"inbound\" error=\"ip mismatch: 10.9.9.9 != 127.33.2.3\"");
        assertThat(world.line("dst.hbone_addr=127.33.2.3:1 "))
                .endsWith("error=\"connection failed: Connection refused (os error 111)\"");
    }

    @Test
    void deniedIs401AndSaysWhy() throws IOException {
        try (Application app = new Application(world.ip(3), 8080, Application.ECHO)) {
            world.apply(DENY_CLIENT);
            assertThat(answer(world.toServer("127.33.2.3:8080"))).isEqualTo("401");
            assertThat(world.line("direction=\"inbound\"", "error="))
                    .contains("\terror\taccess\tconnection complete\t")
                    .contains("src.identity=\"" + World.CLIENT + "\"")
                    .endsWith(
                            "error=\"connection closed due to policy rejection: explicitly denied by: default/no-client\"");
            // The client's own ztunnel says what it was told.
            try (Socket socket = world.connect("zs", 80)) {
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
            }
            assertThat(world.line("direction=\"outbound\"", "error="))
                    .endsWith("error=\"http status: 401 Unauthorized\"");
            assertThat(app.clients()).isEmpty();
            world.apply(ALLOW_WAYPOINT);
            assertThat(answer(world.toServer("127.33.2.3:8080"))).isEqualTo("401");
            assertThat(world.line("none allowed"))
                    .endsWith(
                            "error=\"connection closed due to policy rejection: allow policies exist, but none allowed\"");
            TunnelRequest waypoint = TunnelRequest.of(
                    new InetSocketAddress(world.ip(3), 15008), world.ca.leaf("default", "wp"), "127.33.2.3:8080");
            assertThat(answer(waypoint)).contains("200");
        }
        assertThat(world.metrics())
                .containsPattern(
                        "istio_tcp_connections_failed_total\\{reporter=\"destination\".*response_flags=\"DENY\"");
    }

    @Test
    void aLiveConnectionIsCutWhenPolicyTurnsAgainstIt() throws Exception {
        try (Application _ = new Application(world.ip(3), 8080, Application.ECHO);
                Tunnel tunnel = world.client.open(world.toServer("127.33.2.3:8080"))) {
            tunnel.send("x".getBytes(StandardCharsets.US_ASCII));
            tunnel.recvUntil(() -> !tunnel.received().isEmpty());
            world.apply("");
            tunnel.send("y".getBytes(StandardCharsets.US_ASCII));
            tunnel.recvUntil(() -> tunnel.received().size() == 2);
            world.apply(DENY_CLIENT);
            tunnel.recvUntil(() -> false);
            assertThat(tunnel.ended()).isTrue();
        }
        assertThat(world.line("policy change")).endsWith("error=\"connection closed due to policy change\"");
        assertThat(world.metrics())
                .containsPattern(
                        "istio_tcp_connections_closed_total\\{reporter=\"destination\".*response_flags=\"DENY\"");
    }

    @Test
    void strangersAreNotLetIn() {
        io.milepost.testbed.ca.TestCa other =
                new io.milepost.testbed.ca.TestCa(folder.resolve("other"), "elsewhere.example");
        TunnelRequest wrongRoot = TunnelRequest.of(
                new InetSocketAddress(world.ip(3), 15008), other.leaf("default", "client"), "127.33.2.3:8080");
        // What the client sees of the refusal depends on how far it had got.
        assertThatThrownBy(() -> world.client.open(wrongRoot))
                .isInstanceOfAny(IOException.class, IllegalStateException.class);
    }

    @Test
    void eachDirectionEndsByItself() throws Exception {
        Application.Behaviour lateAnswer = socket -> {
            byte[] all = socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(("got " + all.length).getBytes(StandardCharsets.US_ASCII));
        };
        // More than all buffers hold: writes to a half-closed socket have to wait for room.
        Application.Behaviour bigAnswer = socket -> {
            socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(new byte[20 << 20]);
        };
        Application.Behaviour earlyEnd = socket -> {
            socket.getOutputStream().write("bye".getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        };
        try (Application _ = new Application(world.ip(3), 8080, lateAnswer);
                Application _ = new Application(world.ip(3), 8081, earlyEnd);
                Application _ = new Application(world.ip(3), 8082, bigAnswer)) {
            try (Socket socket = world.connect(world.ip(3), 8082)) {
                socket.shutdownOutput();
                assertThat(socket.getInputStream().skip(1)).isEqualTo(1);
                assertThat(socket.getInputStream().readAllBytes()).hasSize((20 << 20) - 1);
            }
            try (Socket socket = world.connect("zs", 80)) {
                socket.getOutputStream().write(new byte[100_000]);
                socket.shutdownOutput();
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                        .isEqualTo("got 100000");
            }
            try (Socket socket = world.connect(world.ip(3), 8081)) {
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                        .isEqualTo("bye");
                socket.getOutputStream().write(new byte[50_000]);
            }
            assertThat(world.line("dst.hbone_addr=127.33.2.3:8081", "direction=\"inbound\""))
                    .contains("bytes_sent=3 bytes_recv=50000")
                    .doesNotContain("error");
        }
    }

    @Test
    void anApplicationsResetIsAnEndForTheClient() throws Exception {
        Application.Behaviour reset = socket -> {
            socket.getInputStream().readNBytes(1);
            socket.setSoLinger(true, 0);
        };
        try (Application _ = new Application(world.ip(3), 8080, reset);
                Socket socket = world.connect("zs", 80)) {
            socket.getOutputStream().write(1);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            assertThat(world.line("direction=\"inbound\"", "bytes_recv=1")).doesNotContain("error");
        }
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> world.ztunnel.proxies().values().stream()
                                .mapToInt(p -> p.connections())
                                .sum()
                        == 0);
    }

    @Test
    void aSlowReaderStopsTheWriter() throws Exception {
        AtomicLong written = new AtomicLong();
        CountDownLatch go = new CountDownLatch(1);
        int total = 100 << 20;
        Application.Behaviour firehose = socket -> {
            byte[] chunk = new byte[64 << 10];
            for (int sent = 0; sent < total; sent += chunk.length) {
                socket.getOutputStream().write(chunk);
                written.addAndGet(chunk.length);
            }
        };
        try (Application _ = new Application(world.ip(3), 8080, firehose);
                Socket socket = world.connect("zs", 80)) {
            // Nobody reads: the writer stands still as soon as windows and socket buffers are full.
            Awaitility.await("the writer to stand still")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> {
                        long before = written.get();
                        go.await(300, TimeUnit.MILLISECONDS);
                        return before > 0 && before == written.get();
                    });
            // ztunnel-measured.md: an application that never reads blocks the sender after 11 MiB
            assertThat(written.get()).isLessThan(24 << 20);
            byte[] buffer = new byte[64 << 10];
            long read = 0;
            for (int n = socket.getInputStream().read(buffer);
                    n >= 0;
                    n = socket.getInputStream().read(buffer)) {
                read += n;
            }
            assertThat(read).isEqualTo(total);
        }
        assertThat(world.line("direction=\"inbound\"")).contains("bytes_sent=" + total);
    }
}
