package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.meshConfig;
import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.TelemetrySettings.Format;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for Telemetry objects: who writes access logs, that no recorded case shows; each test names the function of istiod that has it. */
class IstiodTelemetryTest {
    private static String telemetry(String name, String spec) {
        return object("telemetry.istio.io/v1", "Telemetry", name, "{" + spec + "}");
    }

    /** mergeLogs, namespaceWideTelemetryConfig, fetchProvider, telemetryAccessLog, setHTTPAccessLog. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "-                                                            | -                         | FILE",
                "{providers: [{name: A}], filter: {expression: f}}            | -                         | A f",
                "{providers: [{name: A}], filter: {expression: f}}            | {disabled: false}         | A f",
                "{providers: [{name: A}]}                                     | {filter: {expression: f}} | A",
                "{providers: [{name: A}]}                                     | {disabled: true}          | ''",
                "{disabled: true}                                             | -                         | FILE",
                "{providers: [{name: nobody}]}                                | -                         | FILE",
                "{providers: [{name: prometheus}]}                            | -                         | FILE",
                "{providers: [{name: a}]}                                     | -                         | A",
                "{providers: [{name: envoy}]}                                 | -                         | FILE",
                "{providers: [{name: B}]}                                     | -                         | {}",
                "{providers: [{name: A}]} | {match: {mode: CLIENT}, providers: [{name: B}]}, {disabled: true} | A",
                "{providers: [{name: A}]} | {providers: [{name: B}]}, {match: {mode: CLIENT}, disabled: true} | {}",
            })
    void whichProvidersLog(@Nullable String wide, @Nullable String targeted, String expected) {
        StringBuilder objects = new StringBuilder(meshConfig("""
                accessLogFile: /dev/stdout
                accessLogFormat: FILE
                extensionProviders:
                - {name: A, envoyFileAccessLog: {path: /dev/stdout, logFormat: {text: "A"}}}
                - {name: B, envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {}}}}
                - {name: prometheus, prometheus: {}}
                - {name: envoy, envoyFileAccessLog: {path: /dev/stdout}}
                """));
        if (wide != null) {
            objects.append(telemetry("a", "selector: {matchLabels: {}}, accessLogging: [" + wide + "]"));
            objects.append(telemetry("b", "accessLogging: [{providers: [{name: B}]}, {disabled: true}]"));
        }
        if (targeted != null) {
            objects.append(
                    telemetry("t", "targetRefs: [{kind: Service, name: reviews}], accessLogging: [" + targeted + "]"));
        }
        TestMesh m = TestMesh.of(objects.toString());
        List<String> logs = m.reviews().telemetry().accessLogs().stream()
                .map(l -> (l.format() instanceof Format.Text t ? t.text().strip() : "{}")
                        + (l.filter().isEmpty() ? "" : " " + l.filter()))
                .toList();
        assertThat(String.join(", ", logs)).isEqualTo(expected);
        assertThat(m.findings().stream().anyMatch(f -> f.contains("Telemetry default/b") && f.contains("is older")))
                .isEqualTo(wide != null);
    }

    /** Of Telemetry objects for one service the youngest counts (getTelemetries sorts by age). */
    @Test
    void theYoungestTargetedTelemetryCounts() {
        String provider = "{name: %s, envoyFileAccessLog: {path: /dev/stdout, logFormat: {text: %s}}}";
        String config = meshConfig("extensionProviders: [" + provider.formatted("old", "OLD") + ", "
                + provider.formatted("new", "NEW") + "]");
        String old = telemetry(
                "z, creationTimestamp: '2020-01-01T00:00:00Z'",
                "targetRefs: [{kind: Service, name: reviews}], accessLogging: [{providers: [{name: old}]}]");
        String young = telemetry(
                "a, creationTimestamp: '2021-01-01T00:00:00Z'",
                "targetRefs: [{kind: Service, name: reviews}], accessLogging: [{providers: [{name: new}]}]");
        TestMesh m = TestMesh.of(config + old + young);
        assertThat(m.reviews().telemetry().accessLogs())
                .extracting(l -> ((Format.Text) l.format()).text())
                .containsExactly("NEW\n");
    }
}
