package io.milepost.testbed.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The Gateway API's mesh, HTTPRoute and GRPCRoute conformance tables, replayed through the real waypoint in strict mode. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GatewayApiConformanceTest {
    private static final Path TABLES = Path.of("../conformance/gateway-api");
    private static final Path REPORT = Path.of("target/gateway-api-conformance.yaml");

    private final ConformanceReport report = new ConformanceReport();

    @TempDir
    static Path directory;

    private ConformanceMesh mesh;

    @BeforeAll
    void start() throws IOException {
        mesh = new ConformanceMesh(directory.resolve("mesh"), TABLES.resolve("inventory.yaml"));
    }

    @AfterAll
    void stop() throws IOException {
        report.write(REPORT, "0.1.0");
        mesh.close();
        assertThat(Files.readString(REPORT)).contains("kind: \"ConformanceReport\"", "MESH-HTTP", "MESH-GRPC");
    }

    @TestFactory
    List<DynamicNode> tables() throws IOException {
        List<DynamicNode> out = new ArrayList<>();
        int requests = 0;
        for (String file : List.of("mesh-http.yaml", "mesh-grpc.yaml", "httproute.yaml")) {
            for (ConformanceTable.Test test : ConformanceTable.load(TABLES.resolve(file))) {
                out.add(nodes(test));
                requests += test.requests().size();
            }
        }
        assertThat(requests).as("requests in all tables").isGreaterThanOrEqualTo(290);
        return out;
    }

    private DynamicNode nodes(ConformanceTable.Test test) {
        List<DynamicNode> tests = new ArrayList<>();
        boolean[] passed = {true};
        tests.add(DynamicTest.dynamicTest("objects are applied", () -> {
            passed[0] = false;
            mesh.apply(test);
            passed[0] = true;
        }));
        for (JsonNode request : test.requests()) {
            tests.add(DynamicTest.dynamicTest(new ConformanceRequest(request).name(), () -> {
                List<String> problems = ConformancePlayer.play(mesh, request);
                passed[0] &= problems.isEmpty();
                assertThat(problems).as("%s: %s", test.name(), request).isEmpty();
            }));
        }
        tests.add(DynamicTest.dynamicTest("is reported", () -> report.add(test, passed[0])));
        return DynamicContainer.dynamicContainer(test.name(), tests);
    }
}
