package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class AnalyzeMainTest {
    private static final String MESH = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/use-waypoint: waypoint}}}
            ---
            {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: waypoint}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {ports: [{name: http, port: 80}], selector: {app: reviews}}}
            """;

    @Test
    void theCommandTellsAndExits(@TempDir Path dir) throws Exception {
        Files.writeString(dir.resolve("mesh.yaml"), MESH);
        StringWriter out = new StringWriter();
        CommandLine command = new CommandLine(new AnalyzeMain()).setOut(new PrintWriter(out));
        assertThat(command.execute(dir.toString(), "--output", "json")).isZero();
        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertThat(json.path("errors").asInt(-1)).isZero();
        assertThat(json.path("objects")).hasSize(3);
        Files.writeString(dir.resolve("bad.yaml"), "kind: [");
        StringWriter text = new StringWriter();
        assertThat(new CommandLine(new AnalyzeMain())
                        .setOut(new PrintWriter(text))
                        .execute(dir.toString(), "--gateway", "default/waypoint"))
                .isEqualTo(1);
        assertThat(text.toString()).contains("bad.yaml", "is no valid YAML");
        assertThat(new CommandLine(new AnalyzeMain())
                        .setErr(new PrintWriter(new StringWriter()))
                        .execute(dir.toString(), "--gateway", "nonsense"))
                .isEqualTo(2);
    }

    /** The words are those of the waypoint, which reads filters and formats itself. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "response.code >= 400 | %PROTOCOL% | ''",
                "odd(                 | %PROTOCOL% | odd",
                "response.kode > 1    | %PROTOCOL% | response.kode",
                "true                 | %ODD%      | ODD",
            })
    void accessLogs(String filter, String format, String problem, @TempDir Path dir) throws Exception {
        Files.writeString(dir.resolve("mesh.yaml"), MESH + """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: istio, namespace: istio-system}
                data: {mesh: "{extensionProviders: [{name: p, envoyFileAccessLog: {path: /dev/stdout, logFormat: {text: '%s'}}}]}"}
                ---
                apiVersion: telemetry.istio.io/v1
                kind: Telemetry
                metadata: {name: t}
                spec: {accessLogging: [{providers: [{name: p}], filter: {expression: "%s"}}]}
                """.formatted(format, filter));
        StringWriter out = new StringWriter();
        int exit =
                new CommandLine(new AnalyzeMain()).setOut(new PrintWriter(out)).execute(dir.toString());
        assertThat(exit).as(out.toString()).isEqualTo(problem.isEmpty() ? 0 : 1);
        assertThat(out.toString()).contains(problem);
    }
}
