package io.milepost.ztunnel.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.Workload;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From the user's ServiceEntry to the next hop; the algorithm is hbone-and-ztunnel.md 2.2, the SANs are 1.1. */
class ServiceEntryPlanTest {
    private static final String YAML = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: default, labels: {istio.io/dataplane-mode: ambient}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client, namespace: default, labels: {app: client}}
            spec: {serviceAccountName: client}
            status: {podIP: 10.77.0.2, phase: Running, conditions: [{type: Ready, status: "True"}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: server, namespace: default, labels: {app: server}, annotations: {ambient.istio.io/redirection: enabled}}
            spec: {serviceAccountName: server}
            status: {podIP: 10.77.0.3, phase: Running, conditions: [{type: Ready, status: "True"}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: outside, namespace: default}
            spec:
              hosts: [outside.example]
              addresses: [10.97.0.1]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
              endpoints: [{address: 192.0.2.1}]
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: inside, namespace: default}
            spec:
              hosts: [inside.example]
              addresses: [10.97.0.2]
              location: MESH_INTERNAL
              resolution: STATIC
              subjectAltNames: ["spiffe://cluster.local/ns/other/sa/elsewhere"]
              ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
              workloadSelector: {labels: {app: server}}
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: anything, namespace: default}
            spec:
              hosts: [anything.example]
              addresses: [198.51.100.0/24]
              resolution: NONE
              ports: [{number: 443, name: tls, protocol: TLS}]
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: empty, namespace: default}
            spec:
              hosts: [empty.example]
              addresses: [10.97.0.4]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
            """;

    private static MeshView view() {
        ObjectFiles.Parsed parsed = new ObjectFiles.Content(Map.of("mesh.yaml", YAML), List.of()).parse();
        assertThat(parsed.findings()).isEmpty();
        MeshSnapshot snapshot = new SnapshotBuilder(new AuthorizationTranslator())
                .build(new KubeObjects(parsed.objects()), Optional.empty())
                .snapshot();
        return MeshView.of(snapshot);
    }

    private static IpAddress ip(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            an endpoint that is no pod              | 10.97.0.1    | 80  | plain 192.0.2.1:8080 as outside.example
            a selected pod, and who else it may be  | 10.97.0.2    | 80  | tunnel 10.77.0.3:15008 for 10.77.0.3:8080 to [spiffe://cluster.local/ns/other/sa/elsewhere, spiffe://cluster.local/ns/default/sa/server]
            resolution NONE: the address asked for  | 198.51.100.7 | 443 | plain 198.51.100.7:443 as -
            and its other ports                     | 198.51.100.7 | 99  | plain 198.51.100.7:99 as -
            no endpoints                            | 10.97.0.4    | 80  | refused no healthy upstream: 10.97.0.4:80
            the endpoint's own address              | 192.0.2.1    | 81  | plain 192.0.2.1:81 as -
            """)
    void nextHop(String what, String target, int port, String expected) {
        MeshView view = view();
        Workload client = Objects.requireNonNull(view.workloadAt(ip("10.77.0.2")));
        OutboundPlan plan =
                OutboundPlanner.plan(view, client, ip("10.77.0.2"), Set.of(15001), ip(target), port, new Random(1));
        assertThat(text(plan)).as(what).isEqualTo(expected);
    }

    private static String text(OutboundPlan plan) {
        return switch (plan) {
            case OutboundPlan.Tunnel t ->
                "tunnel " + t.address() + ":" + t.port() + " for " + t.authority() + " to " + t.identities();
            case OutboundPlan.Plain p ->
                "plain " + p.address() + ":" + p.port() + " as "
                        + (p.service() == null ? "-" : p.service().hostname());
            case OutboundPlan.Refused r -> "refused " + r.error();
        };
    }
}
