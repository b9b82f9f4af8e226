package io.milepost.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.config.analyze.LogCheck;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.PolicyTranslator;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectorySourceTest {
    private static final String MESH = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/use-waypoint: waypoint}}}
            ---
            {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: waypoint}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {ports: [{name: http, port: 80}]}}
            """;
    private static final String CHAIN = "inbound-vip|80|http|reviews.default.svc.cluster.local";

    private final BlockingQueue<MeshSnapshot> seen = new LinkedBlockingQueue<>();

    @TempDir
    private Path dir = Path.of("");

    private Optional<DirectorySource> source = Optional.empty();

    @AfterEach
    void close() {
        source.ifPresent(DirectorySource::close);
    }

    private DirectorySource start() {
        DirectorySource s = new DirectorySource(
                dir, Optional.of(new GatewayRef("default", "waypoint")), new SnapshotBuilder(PolicyTranslator.NONE));
        source = Optional.of(s);
        s.start(seen::add);
        return s;
    }

    private static String route(String name) {
        return """
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: %s}
                spec: {parentRefs: [{group: "", kind: Service, name: reviews}], rules: [{backendRefs: [{name: reviews, port: 80}]}]}
                """.formatted(name);
    }

    /** The name of the only rule in the next snapshot. */
    private String next() throws InterruptedException {
        MeshSnapshot s = seen.poll(30, TimeUnit.SECONDS);
        assertThat(s).isNotNull();
        return s == null ? "" : rule(s);
    }

    private static String rule(MeshSnapshot s) {
        HttpChain c = s.httpChains().get(CHAIN);
        return c == null ? "no chain" : c.routes().rules().getFirst().name();
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(dir.resolve(file), text);
    }

    @Test
    void editsRenamesAndDeletesAreSeen() throws Exception {
        write("mesh.yaml", MESH);
        start();
        assertThat(next()).isEqualTo("default");
        write("route.yaml", route("one"));
        assertThat(next()).isEqualTo("default.one.0");
        write("route.yaml", route("two"));
        assertThat(next()).isEqualTo("default.two.0");
        // As editors and kubectl do it: a new file takes the place of the old one.
        write(".new", route("three"));
        Files.move(dir.resolve(".new"), dir.resolve("route.yaml"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(next()).isEqualTo("default.three.0");
        Files.delete(dir.resolve("route.yaml"));
        assertThat(next()).isEqualTo("default");
    }

    /** What the admin page shows is of the files as they are, not as they were at the start. */
    @Test
    void analysesThePresentState() throws Exception {
        write("mesh.yaml", MESH);
        write("route.yaml", route("one"));
        DirectorySource s = start();
        assertThat(s.analyze(LogCheck.NONE).hasErrors()).isFalse();
        write("route.yaml", route("one").replace("[{name: reviews, port: 80}]", "[{name: gone, port: 80}]"));
        assertThat(s.analyze(LogCheck.NONE).entries())
                .filteredOn(e -> e.object().kind().equals("HTTPRoute"))
                .singleElement()
                .satisfies(e -> assertThat(e.parents().getFirst().conditions())
                        .anyMatch(c -> c.type().equals("ResolvedRefs")
                                && !c.status()
                                && c.reason().equals("BackendNotFound")));
    }

    @Test
    void aRenamedFileChangesNothing() throws Exception {
        write("mesh.yaml", MESH);
        write("a.yaml", route("one"));
        start();
        assertThat(next()).isEqualTo("default.one.0");
        Files.move(dir.resolve("a.yaml"), dir.resolve("z.yaml"));
        write(
                "other.yaml",
                route("one").replace("name: one", "name: first, creationTimestamp: '2020-01-01T00:00:00Z'"));
        write("z.yaml", route("one").replace("name: one", "name: one, creationTimestamp: '2021-01-01T00:00:00Z'"));
        // The next snapshot is that of the older route; the renaming alone was no news.
        assertThat(next()).isEqualTo("default.first.0");
    }

    @Test
    void theLastGoodConfigurationStaysUntilABadFileIsMended() throws Exception {
        write("mesh.yaml", MESH);
        write("route.yaml", route("one"));
        DirectorySource s = start();
        assertThat(next()).isEqualTo("default.one.0");
        write("route.yaml", "kind: [");
        Awaitility.await()
                .untilAsserted(() -> assertThat(s.status())
                        .anySatisfy(f -> assertThat(f.toString()).contains("route.yaml", "no valid YAML", "mend")));
        assertThat(seen).isEmpty();
        assertThat(s.analyze(LogCheck.NONE).hasErrors()).isTrue();
        write("route.yaml", route("two"));
        assertThat(next()).isEqualTo("default.two.0");
        assertThat(s.status()).extracting(Finding::severity).doesNotContain(Finding.Severity.ERROR);
    }

    @Test
    void theSameObjectTwiceIsAnError() throws Exception {
        write("mesh.yaml", MESH);
        write("a.yaml", route("one"));
        write("b.yaml", route("one"));
        assertThatThrownBy(this::start)
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("is written twice, in a.yaml document 1 and b.yaml document 1");
    }

    @Test
    void theOrderOfFilesDoesNotMatter() throws Exception {
        write("a.yaml", MESH);
        write("b.yaml", route("one"));
        write("c.yaml", route("two"));
        start();
        MeshSnapshot first = seen.take();
        source.ifPresent(DirectorySource::close);
        Files.move(dir.resolve("a.yaml"), dir.resolve("y.yaml"));
        Files.move(dir.resolve("c.yaml"), dir.resolve("0.yaml"));
        start();
        assertThat(seen.take()).isEqualTo(first);
    }
}
