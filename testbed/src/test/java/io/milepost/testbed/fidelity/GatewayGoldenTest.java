package io.milepost.testbed.fidelity;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.MeshSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The route tables that the translator makes of the fidelity cases are those of istiod. The golden file holds what
 * {@code EnvoyResourceReader} read of the dumps that were recorded with the cases, written by {@link RouteText}.
 */
class GatewayGoldenTest {
    private static Map<String, List<String>> golden() throws IOException {
        Map<String, List<String>> out = new LinkedHashMap<>();
        try (InputStream in = GatewayGoldenTest.class.getResourceAsStream("gateway-routes.txt")) {
            if (in == null) {
                throw new IOException("gateway-routes.txt is missing beside this test");
            }
            List<String> lines = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
                if (line.startsWith("# ")) {
                    lines = new ArrayList<>();
                    out.put(line.substring(2), lines);
                } else if (!line.isEmpty()) {
                    lines.add(line);
                }
            }
        }
        return out;
    }

    @TestFactory
    Stream<DynamicTest> routesAreThoseOfIstiod() throws IOException {
        Path cases = FidelitySuite.CASES;
        return golden().entrySet().stream()
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> {
                    String mesh = FidelityCase.load(cases.resolve(e.getKey() + ".yaml"), false)
                            .mesh();
                    ObjectFiles.Parsed parsed = new ObjectFiles.Content(Map.of("mesh.yaml", mesh), List.of()).parse();
                    MeshSnapshot snapshot = new SnapshotBuilder(new AuthorizationTranslator())
                            .build(
                                    new KubeObjects(parsed.objects()),
                                    Optional.of(new GatewayRef("default", "waypoint")))
                            .snapshot();
                    assertThat(RouteText.lines(RouteText.of(snapshot))).isEqualTo(e.getValue());
                }));
    }
}
