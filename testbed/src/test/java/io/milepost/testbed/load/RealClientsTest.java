package io.milepost.testbed.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** curl, h2load, gRPC's own client and Python's sockets work through the mesh. A client that is missing is a failure. */
class RealClientsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path folder;

    private static LoadMesh mesh;
    private static String http;

    @BeforeAll
    static void start() throws IOException {
        mesh = new LoadMesh(folder, "127.34", WaypointProgram.QUICK_START, List.of());
        http = "http://" + mesh.entryText(9080);
    }

    @AfterAll
    static void stop() {
        mesh.close();
    }

    private static String curl(String... arguments) {
        String curl = Clients.find("curl", "curl");
        List<String> command =
                new java.util.ArrayList<>(List.of(curl, "-sS", "-m", "60", "-w", "%{http_code} %{http_version}"));
        command.addAll(List.of(arguments));
        Clients.Run r = Clients.run(PATIENCE.plusSeconds(10), command);
        assertThat(r.exit()).as(r.output()).isZero();
        return r.output();
    }

    @Test
    void curlOverHttp1() {
        assertThat(curl(http + "/x")).isEqualTo("load-v1\n200 1.1");
        assertThat(curl("-X", "POST", "-H", "Expect: 100-continue", "-d", "a".repeat(100_000), http + "/x"))
                .isEqualTo("load-v1\n200 1.1");
        assertThat(curl("-I", http + "/x")).contains("HTTP/1.1 200 OK").contains("server: istio-envoy");
    }

    @Test
    void curlOverHttp2() {
        assertThat(curl("--http2-prior-knowledge", http + "/x")).isEqualTo("load-v1\n200 2");
        assertThat(curl("--http2-prior-knowledge", "-d", "a".repeat(100_000), http + "/x"))
                .isEqualTo("load-v1\n200 2");
    }

    /** Variant 0 denies /forbidden to everybody. */
    @Test
    void curlIsDenied() {
        assertThat(curl(http + "/forbidden/x")).isEqualTo("RBAC: access denied403 1.1");
    }

    @Test
    void h2load() {
        Clients.Counted one = Clients.h2load(true, 4, Duration.ZERO, http + "/a");
        assertThat(one.failed()).as(one.output()).isZero();
        Clients.Counted two = Clients.h2load(false, 4, Duration.ZERO, http + "/a");
        assertThat(two.failed()).as(two.output()).isZero();
    }

    @Test
    void grpcio() throws IOException {
        Clients.Counted c =
                Clients.python(Clients.pythonWithGrpc(), "grpc_client.py", PATIENCE, mesh.entryText(9081), "20");
        assertThat(c.failed()).as(c.output()).isZero();
        assertThat(c.good()).isEqualTo(20);
        Pattern count = Pattern.compile("istio_requests_total\\{.*request_protocol=\"grpc\",response_code=\"200\","
                + "grpc_response_status=\"0\",.*} (\\d+)");
        long counted = count.matcher(
                        mesh.waypoint().ask("GET", 15020, "/metrics").body())
                .results()
                .mapToLong(m -> Long.parseLong(m.group(1)))
                .sum();
        assertThat(counted).as("calls that the waypoint counted, over all pods").isEqualTo(20);
    }

    @Test
    void pythonsSockets() {
        Clients.Counted c = Clients.python(
                Clients.find("python3", "python3"), "tcp_echo_client.py", PATIENCE, mesh.entryText(9000), "4", "1");
        assertThat(c.failed()).as(c.output()).isZero();
    }
}
