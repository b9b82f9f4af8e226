package io.milepost.testbed.conformance;

import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.Tunnel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A mesh in strict mode, and objects of a test's own in it: one for each class, the objects are replaced as a whole. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class StrictMode {
    static final String V1 = "127.1.8.1";
    static final String V2 = "127.1.8.2";
    static final String V3 = "127.1.8.3";

    /** Closed after each test. */
    final List<AutoCloseable> servers = new CopyOnWriteArrayList<>();

    Path directory;
    ConformanceMesh mesh;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        directory = temporary;
        mesh = new ConformanceMesh(
                directory.resolve("mesh"), Path.of("../conformance/gateway-api").resolve("inventory.yaml"));
    }

    @AfterAll
    void stop() {
        mesh.close();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable s : servers) {
            s.close();
        }
        servers.clear();
    }

    void apply(String objects) throws IOException {
        String documents = objects.endsWith("---\n") ? objects.substring(0, objects.length() - 4) : objects;
        Path file = Files.createTempFile(directory, "table", ".yaml");
        Files.writeString(
                file,
                "- {test: Own, objects: \"" + documents.replace("\"", "\\\"").replace("\n", "\\n") + "\"}");
        mesh.apply(ConformanceTable.load(file).getFirst());
        mesh.records().clear();
    }

    static String route(String rules) {
        return "kind: HTTPRoute\nmetadata: {name: own}\nspec:\n"
                + "  parentRefs: [{group: \"\", kind: Service, name: echo, port: 80}]\n  rules: [" + rules + "]\n---\n";
    }

    HttpAnswer get(String path, String... headers) throws IOException {
        List<HttpHeader> all = new ArrayList<>(List.of(new HttpHeader("Host", "echo")));
        for (int i = 0; i < headers.length; i += 2) {
            all.add(new HttpHeader(headers[i], headers[i + 1]));
        }
        try (Tunnel t = mesh.client().open(mesh.tunnel(false, "echo", 80))) {
            return Http1.exchange(t, "GET", path, all, new byte[0]);
        }
    }

    static String service(String name, String ip, String selector, String port) {
        return service(name, ip, selector, port, 9443);
    }

    static String service(String name, String ip, String selector, String port, int number) {
        return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {clusterIP: " + ip
                + ", selector: {" + selector + "}, ports: [{" + port + ", port: " + number + ", targetPort: " + number
                + "}]}\n---\n";
    }
}
