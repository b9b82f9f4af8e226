package io.milepost.testbed.conformance;

import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.Tunnel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The conformance mesh with objects that stand in the test: one mesh for each class, the objects are replaced as a whole. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OwnObjects {
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

    /** Applies YAML documents; API version and namespace may be left out. */
    void apply(String objects) throws IOException {
        mesh.apply(ConformanceTable.own(objects));
        mesh.records().clear();
    }

    /** An HTTPRoute of the service {@code echo}; rules in flow style. */
    static String route(String rules) {
        return "kind: HTTPRoute\nmetadata: {name: own}\nspec:\n"
                + "  parentRefs: [{group: \"\", kind: Service, name: echo, port: 80}]\n  rules: [" + rules + "]\n---\n";
    }

    /** One request to the service {@code echo} over a tunnel of its own; the test names the Host. */
    HttpAnswer send(String method, String path, byte[] body, HttpHeader... headers) throws IOException {
        try (Tunnel t = mesh.client().open(mesh.tunnel(false, "echo", 80))) {
            return Http1.exchange(t, method, path, List.of(headers), body);
        }
    }

    /** @param namesAndValues further headers; Host is {@code echo} */
    HttpAnswer get(String path, String... namesAndValues) throws IOException {
        List<HttpHeader> all = new ArrayList<>(List.of(new HttpHeader("Host", "echo")));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            all.add(new HttpHeader(namesAndValues[i], namesAndValues[i + 1]));
        }
        return send("GET", path, new byte[0], all.toArray(HttpHeader[]::new));
    }
}
