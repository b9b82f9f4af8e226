package io.milepost.testbed.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Workload;
import io.milepost.telemetry.ZtunnelMetrics;
import io.milepost.ztunnel.admin.AdminServers;
import io.milepost.ztunnel.plan.MeshView;
import io.milepost.ztunnel.proxy.PodProxy;
import io.milepost.ztunnel.proxy.Reports;
import io.milepost.ztunnel.proxy.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Captured connections, pods that come and go, the end of a ztunnel, its pages for operators. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LifecycleTest {
    @TempDir
    Path folder;

    private static String roundTrip(Socket socket, String text) throws IOException {
        try (socket) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void capturedConnectionsGoWhereTheyWanted() throws Exception {
        AtomicReference<InetSocketAddress> wanted = new AtomicReference<>();
        List<String> log = new CopyOnWriteArrayList<>();
        try (World world = new World(3, folder);
                Application _ = new Application(world.ip(3), 8080, Application.ECHO);
                Application _ = new Application("127.33.3.50", 8080, Application.ECHO);
                Transport transport = new Transport(1)) {
            MeshView view = world.ztunnel.view();
            Workload pod = java.util.Objects.requireNonNull(
                    view.workloadAt(IpAddress.parse(world.ip(4)).orElseThrow()));
            IpAddress address = IpAddress.parse("127.33.3.50").orElseThrow();
            try (PodProxy _ = PodProxy.start(
                    pod,
                    address,
                    new PodProxy.Listeners(
                            new InetSocketAddress("127.33.3.50", 15008),
                            new InetSocketAddress("127.33.3.50", 15006),
                            new InetSocketAddress("127.33.3.50", 15001),
                            null),
                    world.certificates("default", "plain"),
                    () -> world.ztunnel.view(),
                    transport,
                    new Reports(log::add, new ZtunnelMetrics("", 100)),
                    accepted -> wanted.get())) {
                wanted.set(new InetSocketAddress(world.vip(1), 80));
                assertThat(roundTrip(new Socket("127.33.3.50", 15001), "out")).isEqualTo("out");
                assertThat(world.line("direction=\"inbound\"", "bytes_sent=3"))
                        .contains("src.addr=127.33.3.50:")
                        .contains("src.identity=\"spiffe://cluster.local/ns/default/sa/plain\"");
                wanted.set(new InetSocketAddress("127.33.3.50", 8080));
                assertThat(roundTrip(new Socket("127.33.3.50", 15006), "in")).isEqualTo("in");
                world.apply("""
                        apiVersion: security.istio.io/v1
                        kind: AuthorizationPolicy
                        metadata: {name: mtls-only, namespace: default}
                        spec: {action: DENY, rules: [{from: [{source: {notPrincipals: ["*"]}}]}]}
                        """);
                // Without HBONE there is no identity.
                assertThat(roundTrip(new Socket("127.33.3.50", 15006), "")).isEmpty();
                assertThat(log)
                        .anySatisfy(
                                l -> assertThat(l)
                                        .contains("direction=\"inbound\"")
                                        .endsWith(
                                                "error=\"connection closed due to policy rejection: explicitly denied by: default/mtls-only\""));
            }
        }
    }

    @Test
    void podsComeAndGoWithTheConfiguration() throws Exception {
        try (World world = new World(4, folder)) {
            assertThat(world.ztunnel.proxies()).hasSize(2);
            assertThat(world.ztunnel.pending()).isEmpty();
            try (Socket open = new Socket(world.ip(3), 15008)) {
                assertThat(open.isConnected()).isTrue();
            }
            world.gone("server");
            assertThat(world.ztunnel.proxies()).hasSize(1);
            assertThat(world.ztunnel.pending()).containsExactly("pod default/server");
            assertThatThrownBy(() -> new Socket(world.ip(3), 15008)).isInstanceOf(IOException.class);
            world.apply("");
            assertThat(world.ztunnel.proxies()).hasSize(2);
            assertThat(world.ztunnel.pending()).isEmpty();
        }
    }

    @Test
    void theEndIsGracefulForWhatRunsAndForWhatStillComes() throws Exception {
        try (World world = new World(5, folder, 2_000);
                Application _ = new Application(world.ip(3), 8080, Application.ECHO);
                Socket running = world.connect("zs", 80)) {
            running.getOutputStream().write('a');
            assertThat(running.getInputStream().read()).isEqualTo('a');
            CompletableFuture<Void> ending = CompletableFuture.runAsync(world.ztunnel::drainAndClose);
            Awaitility.await().until(() -> world.ztunnel.pending().contains("draining"));
            running.getOutputStream().write('b');
            assertThat(running.getInputStream().read()).isEqualTo('b');
            // Cut at the deadline, and said so.
            assertThat(running.getInputStream().read()).isEqualTo(-1);
            ending.get(10, TimeUnit.SECONDS);
            assertThat(world.line("direction=\"outbound\""))
                    .endsWith("error=\"connection closed due to connection drain\"");
            assertThat(world.line("direction=\"inbound\""))
                    .endsWith("error=\"connection closed due to connection drain\"");
        }
    }

    @Test
    void theEndDoesNotWaitWhenNothingRuns() throws Exception {
        try (World world = new World(7, folder, 30_000)) {
            CompletableFuture.runAsync(world.ztunnel::drainAndClose).get(10, TimeUnit.SECONDS);
            assertThatThrownBy(() -> new Socket(world.ip(3), 15008)).isInstanceOf(IOException.class);
        }
    }

    private static HttpResponse<String> ask(InetSocketAddress where, String method, String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create(
                                    "http://" + where.getAddress().getHostAddress() + ":" + where.getPort() + path))
                            .method(method, HttpRequest.BodyPublishers.noBody())
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    @Test
    void pagesForOperators() throws Exception {
        try (World world = new World(6, folder);
                AdminServers admin = AdminServers.start(
                        world.ztunnel, IpAddress.parse("127.0.0.1").orElseThrow(), 0, 0, 0)) {
            InetSocketAddress readiness = admin.addresses().get(0);
            InetSocketAddress stats = admin.addresses().get(1);
            InetSocketAddress pages = admin.addresses().get(2);
            assertThat(ask(readiness, "GET", "/healthz/ready").body()).isEqualTo("ready\n");
            assertThat(ask(readiness, "POST", "/healthz/ready").statusCode()).isEqualTo(405);
            world.gone("server");
            HttpResponse<String> waiting = ask(readiness, "GET", "/healthz/ready");
            assertThat(waiting.statusCode()).isEqualTo(500);
            assertThat(waiting.body()).isEqualTo("not ready, pending: pod default/server\n");
            assertThat(ask(stats, "GET", "/metrics").body())
                    .contains("istio_build{component=\"ztunnel\"")
                    .endsWith("# EOF\n");
            assertThat(ask(stats, "GET", "/stats/prometheus").statusCode()).isEqualTo(200);
            JsonNode dump = new ObjectMapper()
                    .readTree(ask(pages, "GET", "/config_dump").body());
            assertThat(dump.path("workloads")).hasSize(4);
            assertThat(dump.path("services")).hasSize(5);
            assertThat(dump.path("workloadState").has("Kubernetes//Pod/default/client"))
                    .isTrue();
            assertThat(ask(pages, "POST", "/logging").body()).startsWith("current log level is ");
            assertThat(ask(pages, "POST", "/logging?level=nonsense").statusCode())
                    .isEqualTo(400);
            assertThat(ask(pages, "GET", "/nowhere").statusCode()).isEqualTo(404);
            CompletableFuture<Void> quit = new CompletableFuture<>();
            admin.onQuit(() -> quit.complete(null));
            assertThat(ask(pages, "GET", "/quitquitquit").statusCode()).isEqualTo(405);
            assertThat(ask(pages, "POST", "/quitquitquit").statusCode()).isEqualTo(200);
            quit.get(5, TimeUnit.SECONDS);
        }
    }
}
