package io.milepost.waypoint.admin;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import io.milepost.config.analyze.Analysis;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.ObjectStatus;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SourceRef;
import io.milepost.waypoint.upstream.ClusterState;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The pages as functions: no sockets. Paths and states are Envoy's (waypoint-behaviour 8.1). */
class AdminSiteTest {
    private final Fake fake = new Fake();
    private final LoggerContext logs = new LoggerContext();
    private final AdminSite site = new AdminSite(fake, new LogLevels(logs));

    /** A waypoint that says what a test wants. */
    private static final class Fake implements Operations {
        private State state = State.LIVE;
        private @Nullable MeshSnapshot snapshot = MeshSnapshot.EMPTY.withVersion(7);
        private List<Finding> findings = List.of();
        private Optional<Analysis> analysis = Optional.empty();
        private int drains;

        @Override
        public State state() {
            return state;
        }

        @Override
        public @Nullable MeshSnapshot snapshot() {
            return snapshot;
        }

        @Override
        public Collection<ClusterState> clusters() {
            return List.of();
        }

        @Override
        public List<Finding> findings() {
            return findings;
        }

        @Override
        public Optional<Analysis> analysis() {
            return analysis;
        }

        @Override
        public void scrape(Appendable out) throws IOException {
            out.append("x 1\n");
        }

        @Override
        public Map<String, Object> info() {
            return new LinkedHashMap<>(Map.of("state", state));
        }

        @Override
        public void drain() {
            drains++;
        }
    }

    private static Question get(String path) {
        return new Question("GET", path, Map.of());
    }

    /** As {@code ./milepost analyze DIR --output json}. */
    @Test
    void analysis() {
        assertThat(site.answer(get("/analysis")).status()).isEqualTo(404);
        SourceRef route = new SourceRef("HTTPRoute", "default", "reviews", "");
        ObjectStatus.Parent parent = new ObjectStatus.Parent(
                "Service default/reviews",
                List.of(new ObjectStatus.Condition("ResolvedRefs", false, "BackendNotFound", "there is no x")));
        fake.analysis = Optional.of(new Analysis(
                List.of("default/waypoint"),
                List.of(new Analysis.Entry(
                        route, List.of(parent), List.of(Finding.warning(route.at("spec.x"), "has no effect"))))));
        assertThat(site.answer(get("/analysis")).body())
                .contains("NOT   ResolvedRefs (BackendNotFound) at Service default/reviews: there is no x")
                .contains("spec.x: has no effect");
        assertThat(site.answer(new Question("GET", "/analysis", Map.of("format", "json")))
                        .body())
                .contains("\"errors\" : 1", "\"reason\" : \"BackendNotFound\"", "\"field\" : \"spec.x\"");
    }

    private static Question post(String path, Map<String, String> query) {
        return new Question("POST", path, query);
    }

    @Test
    void readinessFollowsTheState() {
        StatusSite status = new StatusSite(fake);
        assertThat(status.answer(get("/healthz/ready"))).isEqualTo(Answer.text(200, "LIVE\n"));
        fake.state = Operations.State.PRE_INITIALIZING;
        assertThat(status.answer(get("/healthz/ready"))).isEqualTo(Answer.text(503, "PRE_INITIALIZING\n"));
        fake.state = Operations.State.DRAINING;
        assertThat(status.answer(get("/healthz/ready")).status()).isEqualTo(503);
        assertThat(site.answer(get("/ready")).status()).isEqualTo(503);
        assertThat(site.answer(get("/healthz")).status())
                .as("the process lives")
                .isEqualTo(200);
        assertThat(status.answer(get("/drain")).status()).isEqualTo(404);
    }

    @Test
    void metricsPorts() {
        MetricsSite metrics = new MetricsSite(fake);
        for (String path : List.of("/stats/prometheus", "/metrics")) {
            assertThat(metrics.answer(get(path)).body()).isEqualTo("x 1\n");
        }
        assertThat(metrics.answer(get("/healthz/ready")).status()).isEqualTo(200);
        assertThat(metrics.answer(get("/config_dump")).status()).isEqualTo(404);
    }

    @Test
    void drainWantsPost() {
        assertThat(site.answer(get("/drain")).status()).isEqualTo(405);
        assertThat(fake.drains).isZero();
        assertThat(site.answer(post("/drain", Map.of())).status()).isEqualTo(200);
        assertThat(fake.drains).isEqualTo(1);
    }

    @Test
    void configDump() {
        Cluster c = Cluster.of("inbound-vip|80|http|a", "a", "a", "default", Cluster.Protocol.CLIENT);
        MeshSnapshot e = MeshSnapshot.EMPTY;
        fake.snapshot = new MeshSnapshot(
                3,
                e.dispatch(),
                e.httpChains(),
                e.tcpChains(),
                Map.of(c.name(), c, "other", Cluster.of("other", "", "", "", Cluster.Protocol.TCP)),
                e.endpoints(),
                e.workloads(),
                e.services(),
                e.l4Policies(),
                e.settings(),
                e.refusedLogs());
        assertThat(site.answer(get("/config_dump")).body()).contains("\"version\" : 3", c.name(), "\"other\"");
        String one = site.answer(new Question("GET", "/config_dump", Map.of("resource", "clusters", "name", "|80|")))
                .body();
        assertThat(one).contains(c.name()).doesNotContain("\"other\"").doesNotContain("dispatch");
        assertThat(site.answer(new Question("GET", "/config_dump", Map.of("resource", "x")))
                        .status())
                .isEqualTo(400);
        fake.snapshot = null;
        assertThat(site.answer(get("/config_dump")).status()).isEqualTo(503);
    }

    @Test
    void findings() {
        assertThat(site.answer(get("/findings")).body()).contains("nothing to report");
        fake.findings = List.of(Finding.warning(
                new SourceRef("HTTPRoute", "default", "r", "spec.rules[0]"), "has no effect; remove it"));
        assertThat(site.answer(get("/findings")).body())
                .isEqualTo("WARNING HTTPRoute default/r spec.rules[0]: has no effect; remove it\n");
        assertThat(site.answer(new Question("GET", "/findings", Map.of("format", "json")))
                        .body())
                .contains("\"field\" : \"spec.rules[0]\"");
    }

    @Test
    void logLevels() {
        assertThat(site.answer(post("/logging", Map.of("io.milepost.x", "debug")))
                        .body())
                .contains("  io.milepost.x: debug\n");
        assertThat(site.answer(post("/logging", Map.of("level", "warn"))).body())
                .contains("  ROOT: warn\n");
        assertThat(site.answer(new Question("GET", "/logging", Map.of("level", "trace")))
                        .status())
                .isEqualTo(405);
        Map<String, String> oneBad = new LinkedHashMap<>();
        oneBad.put("level", "error");
        oneBad.put("a.b", "loud");
        assertThat(site.answer(post("/logging", oneBad)).status()).isEqualTo(400);
        assertThat(site.answer(get("/logging")).body())
                .as("nothing changes when one of them is wrong")
                .contains("  ROOT: warn\n");
        assertThat(site.answer(post("/logging", Map.of("io.milepost.x", "reset")))
                        .body())
                .doesNotContain("io.milepost.x");
    }

    @Test
    void adminStaysOnLoopback() {
        assertThat(AdminOptions.adminAddress("127.0.15.1")).isEqualTo("127.0.15.1");
        assertThat(AdminOptions.adminAddress("0.0.0.0")).isEqualTo("127.0.0.1");
        assertThat(AdminOptions.adminAddress("10.1.2.3")).isEqualTo("127.0.0.1");
        assertThat(AdminOptions.adminAddress("::")).isEqualTo("::1");
    }

    @Test
    void recordsAsJson() {
        record Inner(SourceRef source) {}
        assertThat(Json.text(Map.of("b", List.of(1, 2L, true), "a", new Inner(SourceRef.DEFAULT.at("x")))))
                .isEqualToIgnoringWhitespace("{\"a\" : {\"source\" : \"Default  x\"}, \"b\" : [1, 2, true]}"
                        .replace("Default  x", SourceRef.DEFAULT.at("x").toString()));
    }
}
