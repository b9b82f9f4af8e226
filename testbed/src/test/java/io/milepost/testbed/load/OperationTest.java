package io.milepost.testbed.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The waypoint's program as its operators see it: ports, metrics, drain. Over real sockets, in a process of its own. */
class OperationTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The configuration's terminationDrainDuration is 60 s. */
    private static final Duration BEFORE_DEADLINE = Duration.ofSeconds(40);

    @TempDir
    Path folder;

    private static HttpClient client() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    private static HttpRequest request(String url, String... headers) {
        HttpRequest.Builder b = HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE);
        return (headers.length == 0 ? b : b.headers(headers)).build();
    }

    private static int status(LoadMesh mesh, int port, String path) {
        try {
            return mesh.waypoint().ask("GET", port, path).statusCode();
        } catch (IOException e) {
            return 0;
        }
    }

    @Test
    void pagesAndMetrics() throws Exception {
        try (LoadMesh mesh = new LoadMesh(folder, "127.36", WaypointProgram.QUICK_START, List.of());
                HttpClient client = client()) {
            await().atMost(PATIENCE).until(() -> status(mesh, 15021, "/healthz/ready") == 200);
            String http = "http://" + mesh.entryText(9080);
            HttpResponse<String> answer =
                    client.send(request(http + "/metrics-test"), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            HttpResponse<String> denied =
                    client.send(request(http + "/forbidden/x"), HttpResponse.BodyHandlers.ofString());
            assertThat(denied.statusCode()).isEqualTo(403);
            metrics(mesh);
            pages(mesh);
        }
    }

    /** Labels and their values: waypoint-behaviour 7.1. */
    private static void metrics(LoadMesh mesh) throws IOException {
        String text = mesh.waypoint().ask("GET", 15020, "/stats/prometheus").body();
        String source = "reporter=\"waypoint\",source_workload=\"client\",source_canonical_service=\"client\","
                + "source_canonical_revision=\"client\",source_workload_namespace=\"default\","
                + "source_principal=\"spiffe://cluster.local/ns/default/sa/client\"";
        assertThat(text.lines().filter(l -> l.startsWith("istio_requests_total{")))
                .as("one request that was served, one that was denied")
                .hasSize(2)
                .allMatch(l -> l.startsWith("istio_requests_total{" + source))
                .allMatch(l -> l.endsWith("connection_security_policy=\"mutual_tls\"} 1"))
                .anyMatch(l -> l.contains("destination_workload=\"load-v1\"")
                        && l.contains("destination_principal=\"spiffe://cluster.local/ns/default/sa/load\"")
                        && l.contains("destination_service=\"load-v1.default.svc.cluster.local\"")
                        && l.contains("destination_version=\"v1\"")
                        && l.contains("request_protocol=\"http\",response_code=\"200\",grpc_response_status=\"\","
                                + "response_flags=\"-\""))
                .anyMatch(l -> l.contains("destination_workload=\"unknown\"") && l.contains("response_code=\"403\""));
        assertThat(text)
                .containsPattern("istio_request_duration_milliseconds_count\\{.*response_code=\"200\".*} 1\n")
                .contains("milepost_config_version 1.0\n")
                .containsPattern("milepost_hbone_bytes_limit\\{side=\"server\"} ")
                .containsPattern("milepost_hbone_connections\\{side=\"client\"} ")
                .contains("milepost_access_log_dropped_total 0.0\n")
                .containsPattern("milepost_event_loop_lag_max_seconds\\{loop=\"0\"} ")
                .containsPattern("jvm_memory_used_bytes\\{area=\"heap\"");
        assertThat(mesh.waypoint().ask("GET", 15090, "/stats/prometheus").body())
                .contains("istio_requests_total{");
    }

    private static void pages(LoadMesh mesh) throws IOException {
        WaypointProgram w = mesh.waypoint();
        assertThat(w.ask("GET", 15000, "/ready").body()).isEqualTo("LIVE\n");
        assertThat(w.ask("GET", 15000, "/config_dump").body())
                .contains("\"version\" : 1")
                .contains("HTTPRoute default/load")
                .contains("AuthorizationPolicy default/deny");
        assertThat(w.ask("GET", 15000, "/clusters").body())
                .contains("inbound-vip|9080|http|load-v1.default.svc.cluster.local::127.36.1.1:9080::health::HEALTHY");
        assertThat(w.ask("GET", 15000, "/findings").statusCode()).isEqualTo(200);
        assertThat(w.ask("GET", 15000, "/server_info").body()).contains("\"state\" : \"LIVE\"");
        assertThat(w.ask("POST", 15000, "/logging?io.milepost.waypoint=debug").body())
                .contains("io.milepost.waypoint: debug");
        assertThat(w.ask("GET", 15021, "/config_dump").statusCode()).isEqualTo(404);
    }

    /**
     * design.md 4a: readiness first, what runs is finished, connections are asked to go (GOAWAY, and {@code connection:
     * close} inside), then the end with 0 and all log lines.
     */
    @Test
    void drain() throws Exception {
        try (LoadMesh mesh = new LoadMesh(
                        folder, "127.37", WaypointProgram.QUICK_START, List.of("--access-log-flush", "60000"));
                HttpClient client = client()) {
            String http = "http://" + mesh.entryText(9080);
            CompletableFuture<HttpResponse<String>> slow = slow(mesh, client, http, 3_000);
            mesh.waypoint().terminate();
            await().atMost(PATIENCE).until(() -> status(mesh, 15021, "/healthz/ready") == 503);
            assertThat(slow).as("the slow request is still being worked on").isNotDone();
            HttpResponse<String> during =
                    client().send(request(http + "/during"), HttpResponse.BodyHandlers.ofString());
            assertThat(during.statusCode())
                    .as("a client that has not heard yet")
                    .isEqualTo(200);
            assertThat(during.headers().firstValue("connection")).contains("close");
            assertThat(slow.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            assertThat(mesh.waypoint().awaitExit(BEFORE_DEADLINE))
                    .as("ends when its connections have gone, which without GOAWAY they would not")
                    .isZero();
            assertThat(mesh.waypoint().accessLog())
                    .as("lines that waited for a flush in a minute")
                    .anyMatch(l -> l.contains("GET /slow"))
                    .anyMatch(l -> l.contains("GET /during"));
        }
    }

    @Test
    void secondSignalClosesAtOnce() throws Exception {
        try (LoadMesh mesh = new LoadMesh(folder, "127.38", WaypointProgram.QUICK_START, List.of());
                HttpClient client = client()) {
            CompletableFuture<HttpResponse<String>> slow =
                    slow(mesh, client, "http://" + mesh.entryText(9080), 120_000);
            mesh.waypoint().terminate();
            await().atMost(PATIENCE).until(() -> status(mesh, 15021, "/healthz/ready") == 503);
            mesh.waypoint().terminate();
            assertThat(mesh.waypoint().awaitExit(BEFORE_DEADLINE)).isZero();
            assertThat(slow).failsWithin(PATIENCE).withThrowableOfType(ExecutionException.class);
        }
    }

    /** POST /drain asks clients to go elsewhere and leaves the process. */
    @Test
    void drainByAdmin() throws Exception {
        try (LoadMesh mesh = new LoadMesh(folder, "127.39", WaypointProgram.QUICK_START, List.of())) {
            assertThat(mesh.waypoint().ask("GET", 15000, "/drain").statusCode()).isEqualTo(405);
            assertThat(status(mesh, 15021, "/healthz/ready")).isEqualTo(200);
            assertThat(mesh.waypoint().ask("POST", 15000, "/drain").statusCode())
                    .isEqualTo(200);
            assertThat(status(mesh, 15021, "/healthz/ready")).isEqualTo(503);
            assertThat(mesh.waypoint().ask("GET", 15000, "/ready").body()).isEqualTo("DRAINING\n");
        }
    }

    /** A request that the application works on. */
    private static CompletableFuture<HttpResponse<String>> slow(
            LoadMesh mesh, HttpClient client, String http, int millis) {
        CompletableFuture<HttpResponse<String>> slow = client.sendAsync(
                request(http + "/slow", "x-delay-ms", Integer.toString(millis)), HttpResponse.BodyHandlers.ofString());
        await().atMost(PATIENCE).until(() -> mesh.waypoint().metric("milepost_requests_active") >= 1);
        return slow;
    }
}
