package io.milepost.config.analyze;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.config.kube.Finding;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.ObjectStatus;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.SourceRef;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnalyzerTest {
    private static final String MESH = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/use-waypoint: waypoint}}}
            ---
            {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: waypoint}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {ports: [{name: http, port: 80}], selector: {app: reviews}}}
            """;

    private static Analysis analyze(String more) {
        ObjectFiles.Parsed files = new ObjectFiles.Content(Map.of("a.yaml", MESH + more), List.of()).parse();
        return new Analyzer(new SnapshotBuilder(new AuthorizationTranslator()), LogCheck.NONE)
                .analyze(files, Optional.empty());
    }

    private static List<String> messages(Analysis a) {
        return a.entries().stream()
                .flatMap(e -> e.findings().stream())
                .map(Finding::message)
                .toList();
    }

    private static Analysis.Entry entry(Analysis a, String kind, String name) {
        return a.entries().stream()
                .filter(e -> e.object().kind().equals(kind) && e.object().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aMeshThatIsFineHasNoErrors() {
        Analysis a = analyze("");
        assertThat(a.hasErrors()).isFalse();
        assertThat(a.waypoints()).containsExactly("default/waypoint");
        assertThat(entry(a, "Service", "reviews").parents())
                .flatExtracting(ObjectStatus.Parent::conditions)
                .extracting(ObjectStatus.Condition::type, ObjectStatus.Condition::status)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("istio.io/WaypointBound", true));
    }

    @Test
    void rulesThatNeverMatch() {
        Analysis a = analyze("""
                ---
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: reviews}
                spec:
                  hosts: [reviews]
                  http:
                  - {match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}
                  - {match: [{uri: {exact: /b}}], route: [{destination: {host: reviews}}]}
                  - {match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}
                """);
        assertThat(messages(a)).contains("rule 3 of VirtualService reviews can never match: rule 1 has the same match");
    }

    @Test
    void conditionsOfARouteWhoseBackendIsMissing() {
        Analysis a = analyze("""
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: r}
                spec: {parentRefs: [{group: "", kind: Service, name: reviews}], rules: [{backendRefs: [{name: gone, port: 80}]}]}
                """);
        List<ObjectStatus.Parent> parents = entry(a, "HTTPRoute", "r").parents();
        assertThat(parents).singleElement().satisfies(p -> {
            assertThat(p.name()).isEqualTo("Service default/reviews");
            assertThat(p.conditions())
                    .extracting(c -> c.type() + " " + c.status() + " " + c.reason())
                    .containsExactly(
                            "Accepted true Accepted",
                            "ResolvedRefs false BackendNotFound",
                            "ResolvedWaypoints true ResolvedWaypoints");
        });
        assertThat(a.hasErrors()).isTrue();
    }

    @Test
    void weightsThatDoNotAddUp() {
        Analysis a = analyze("""
                ---
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: reviews}
                spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}, weight: 80}, {destination: {host: reviews}, weight: 10}]}]}
                """);
        assertThat(messages(a))
                .anySatisfy(m -> assertThat(m).startsWith("the weights of rule 1 add up to 90, not 100"));
    }

    @Test
    void policiesThatLookAppliedAndAreNot() {
        Analysis a = analyze("""
                ---
                {apiVersion: v1, kind: Service, metadata: {name: alone, labels: {istio.io/use-waypoint: none}}, spec: {ports: [{name: http, port: 80}]}}
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: unbound}
                spec: {targetRefs: [{group: "", kind: Service, name: alone}], rules: [{}]}
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: typo}
                spec: {targetRefs: [{group: "", kind: Service, name: reveiws}], rules: [{}]}
                """);
        assertThat(entry(a, "AuthorizationPolicy", "unbound").findings())
                .singleElement()
                .satisfies(f -> {
                    assertThat(f.severity()).isEqualTo(Finding.Severity.ERROR);
                    assertThat(f.message()).contains("has no waypoint");
                });
        assertThat(entry(a, "AuthorizationPolicy", "typo").parents())
                .flatExtracting(ObjectStatus.Parent::conditions)
                .extracting(ObjectStatus.Condition::reason)
                .containsExactly("TargetNotFound");
    }

    /** Filters and formats are read as the waypoint reads them; a log of many chains is told once. */
    @Test
    void logsThatAreNotUnderstood() {
        ObjectFiles.Parsed files = new ObjectFiles.Content(Map.of("a.yaml", MESH + """
                ---
                {apiVersion: v1, kind: Service, metadata: {name: other}, spec: {ports: [{name: http, port: 80}, {name: tcp, port: 90}]}}
                ---
                {apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: "accessLogFile: /dev/stdout"}}
                ---
                apiVersion: telemetry.istio.io/v1
                kind: Telemetry
                metadata: {name: t}
                spec: {accessLogging: [{providers: [{name: envoy}], filter: {expression: "odd("}}]}
                """), List.of()).parse();
        LogCheck check = log -> log.filter().equals("odd(") ? List.of("expected )") : List.of();
        Analysis a = new Analyzer(new SnapshotBuilder(new AuthorizationTranslator()), check)
                .analyze(files, Optional.empty());
        assertThat(entry(a, "Telemetry", "t").findings())
                .containsExactly(Finding.error(
                        new SourceRef("Telemetry", "default", "t", "spec.accessLogging[0]"), "expected )"));
        assertThat(a.hasErrors()).isTrue();
    }
}
