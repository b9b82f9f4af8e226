package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Services, ServiceEntries, WorkloadEntries and their endpoints (cases vs-se, vs-retry-default). */
class ServicesTest {
    private static String entry(String name, String spec) {
        return object("ServiceEntry", name, spec);
    }

    private static final String PORT = "ports: [{number: 80, name: http, protocol: HTTP}]";

    @Test
    void kindsOfResolution() {
        TestMesh m = TestMesh.of(entry(
                        "a",
                        "{hosts: [a.example], resolution: STATIC, " + PORT
                                + ", endpoints: [{address: 127.9.0.1, ports: {http: 8080}, weight: 4}]}")
                + entry("b", "{hosts: [b.example], resolution: DNS, " + PORT + "}")
                + entry(
                        "c",
                        "{hosts: [c.example], resolution: DNS_ROUND_ROBIN, " + PORT
                                + ", endpoints: [{address: c1.example}, {address: c2.example}]}")
                + entry("d", "{hosts: [d.example], addresses: [10.9.0.0/24], resolution: NONE, " + PORT + "}")
                + entry("e", "{hosts: [\"*.e.example\"], resolution: DYNAMIC_DNS, " + PORT + "}"));
        assertThat(m.errors()).isEmpty();
        assertThat(m.cluster("inbound-vip|80|http|a.example").discovery()).isEqualTo(Cluster.Discovery.ENDPOINTS);
        assertThat(m.endpoints("inbound-vip|80|http|a.example")
                        .localities()
                        .getFirst()
                        .endpoints()
                        .getFirst())
                .satisfies(e -> {
                    assertThat(e.hostPort()).isEqualTo("127.9.0.1:8080");
                    assertThat(e.weight()).isEqualTo(4);
                    assertThat(e.tunnel()).isEmpty();
                });
        assertThat(m.cluster("inbound-vip|80|http|b.example").discovery()).isEqualTo(Cluster.Discovery.STRICT_DNS);
        assertThat(m.addresses("inbound-vip|80|http|b.example")).containsExactly("b.example");
        assertThat(m.cluster("inbound-vip|80|http|c.example").discovery()).isEqualTo(Cluster.Discovery.LOGICAL_DNS);
        assertThat(m.addresses("inbound-vip|80|http|c.example")).containsExactly("c1.example", "c2.example");
        assertThat(m.cluster("inbound-vip|80|http|d.example").discovery()).isEqualTo(Cluster.Discovery.ORIGINAL_DST);
        assertThat(m.cluster("inbound-vip|80|http|*.e.example").discovery()).isEqualTo(Cluster.Discovery.DYNAMIC_DNS);
        assertThat(Objects.requireNonNull(m.snapshot().httpChains().get("inbound-vip|80|http|*.e.example"))
                        .routes()
                        .domains())
                .containsExactly("*.e.example");
        assertThat(m.snapshot().dispatch().services())
                .filteredOn(s -> s.host().equals("d.example"))
                .singleElement()
                .extracting(Dispatch.Service::addresses)
                .asString()
                .isEqualTo("[10.9.0.0/24]");
    }

    @Test
    void allAddressesOfANameAreTriedWhereAsked() {
        TestMesh m = TestMesh.of(
                "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: r, namespace: default, "
                        + "annotations: {istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT}}\nspec: {hosts: [r.example], resolution: DNS, "
                        + PORT + "}\n");
        Cluster c = m.cluster("inbound-vip|80|http|r.example");
        assertThat(c.discovery()).isEqualTo(Cluster.Discovery.LOGICAL_DNS);
        assertThat(c.transport().dns().family()).isEqualTo(Cluster.Dns.Family.ALL);
    }

    @Test
    void refused() {
        assertThat(TestMesh.of(entry("x", "{hosts: [x.example], resolution: DYNAMIC_DNS, " + PORT + "}"))
                        .errors())
                .anyMatch(e -> e.contains("wildcard"));
        assertThat(TestMesh.of(entry(
                                "x",
                                "{hosts: [\"*.x\"], addresses: [10.9.0.1], resolution: DYNAMIC_DNS, " + PORT + "}"))
                        .errors())
                .anyMatch(e -> e.contains("addresses"));
        assertThat(TestMesh.of(entry("x", "{hosts: [\"*.x\"], resolution: DNS, " + PORT + "}"))
                        .errors())
                .anyMatch(e -> e.contains("looked up"));
        assertThat(TestMesh.of(entry(
                                "x", "{hosts: [x.x], resolution: NONE, endpoints: [{address: 1.2.3.4}], " + PORT + "}"))
                        .errors())
                .anyMatch(e -> e.contains("NONE"));
    }

    @Test
    void workloadSelectorTakesPodsAndWorkloadEntries() {
        TestMesh m = TestMesh.of(
                entry(
                                "s",
                                "{hosts: [s.example], resolution: STATIC, location: MESH_INTERNAL, "
                                        + "ports: [{number: 80, name: http, protocol: HTTP, targetPort: 9080}], workloadSelector: {labels: {version: v1}}}")
                        + "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: default}\n"
                        + "spec: {address: 127.9.0.5, labels: {version: v1}, ports: {http: 7000}, weight: 2, locality: region-9/zone-9, serviceAccount: vm}\n");
        assertThat(m.endpoints("inbound-vip|80|http|s.example").localities().stream()
                        .flatMap(l -> l.endpoints().stream())
                        .map(Endpoints.Endpoint::hostPort))
                .containsExactlyInAnyOrder("127.1.1.1:9080", "127.9.0.5:7000");
        Workload vm = m.snapshot()
                .workloads()
                .byUid("Kubernetes/networking.istio.io/WorkloadEntry/default/vm")
                .orElseThrow();
        assertThat(vm.locality().zone()).isEqualTo("zone-9");
        assertThat(vm.identity()).hasToString("spiffe://cluster.local/ns/default/sa/vm");
        assertThat(vm.services()).containsKey("default/s.example");
    }

    @Test
    void endpointsWrittenDownAreWorkloads() {
        TestMesh m = TestMesh.of(entry(
                "a",
                "{hosts: [a.example], resolution: STATIC, " + PORT
                        + ", endpoints: [{address: 127.1.1.1}, {address: 127.9.0.1}]}"));
        assertThat(m.snapshot().workloads().byUid("Kubernetes/networking.istio.io/ServiceEntry/default/a/127.9.0.1"))
                .hasValueSatisfying(w -> assertThat(w.services()).containsKey("default/a.example"));
        // The pod on an address is who answers there.
        assertThat(m.endpoints("inbound-vip|80|http|a.example")
                        .localities()
                        .getFirst()
                        .endpoints())
                .extracting(Endpoints.Endpoint::workload)
                .containsExactly(
                        "Kubernetes//Pod/default/reviews-v1-0",
                        "Kubernetes/networking.istio.io/ServiceEntry/default/a/127.9.0.1");
    }

    @Test
    void slicesOfAServiceWithoutSelector() {
        TestMesh m = TestMesh.of("""
                ---
                {apiVersion: v1, kind: Service, metadata: {name: db, namespace: default}, spec: {clusterIP: 10.96.0.77, ports: [{name: http, port: 80}, {name: other, port: 81}]}}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: db-1, namespace: default, labels: {kubernetes.io/service-name: db}}
                addressType: IPv4
                endpoints:
                - {addresses: [127.9.0.1], conditions: {ready: true}}
                - {addresses: [127.9.0.2], conditions: {ready: false}}
                - {addresses: [127.9.0.3], conditions: {ready: false, serving: true, terminating: true}}
                ports: [{name: http, port: 8080}]
                """);
        assertThat(m.addresses("inbound-vip|80|http|db.default.svc.cluster.local"))
                .containsExactly("127.9.0.1");
        assertThat(m.addresses("inbound-vip|81|http|db.default.svc.cluster.local"))
                .isEmpty();
        assertThat(m.snapshot().workloads().byUid("Kubernetes/discovery.k8s.io/EndpointSlice/default/db-1/127.9.0.1"))
                .isPresent();
    }

    @Test
    void podsThatAreNotReady() {
        String pod = """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: default, labels: {app: late}}
                status: {podIP: 127.9.0.9, conditions: [{type: Ready, status: "False"}]}
                """;
        String service =
                "---\n{apiVersion: v1, kind: Service, metadata: {name: late, namespace: default}, spec: {clusterIP: 10.96.0.78, "
                        + "publishNotReadyAddresses: %s, ports: [{name: http, port: 80}], selector: {app: late}}}\n";
        String cluster = "inbound-vip|80|http|late.default.svc.cluster.local";
        assertThat(TestMesh.of(pod + service.formatted("false")).addresses(cluster))
                .isEmpty();
        assertThat(TestMesh.of(pod + service.formatted("true")).addresses(cluster))
                .containsExactly("127.9.0.9");
    }

    @Test
    void headlessServicesHaveClustersButNoAddress() {
        TestMesh m = TestMesh.of(
                "---\n{apiVersion: v1, kind: Service, metadata: {name: h, namespace: default}, spec: {clusterIP: None, "
                        + "ports: [{name: http, port: 9080}], selector: {app: reviews}}}\n");
        assertThat(m.errors()).isEmpty();
        assertThat(m.addresses("inbound-vip|9080|http|h.default.svc.cluster.local"))
                .hasSize(2);
        assertThat(m.snapshot().dispatch().services()).noneMatch(s -> s.host().startsWith("h."));
    }

    /** As istiod's additional addresses: without a tunnel all of a pod's addresses are its endpoint's. */
    @Test
    void bothFamiliesOfAPod() {
        String objects = """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: default, labels: {app: both}, annotations: {ambient.istio.io/redirection: %s}}
                spec: {serviceAccountName: p, nodeName: n1}
                status: {podIP: 127.9.0.9, podIPs: [{ip: 127.9.0.9}, {ip: "fd00::9"}], conditions: [{type: Ready, status: "True"}]}
                ---
                {apiVersion: v1, kind: Service, metadata: {name: both, namespace: default}, spec: {clusterIP: 10.96.0.78, ports: [{name: http, port: 80}], selector: {app: both}}}
                """;
        String cluster = "inbound-vip|80|http|both.default.svc.cluster.local";
        assertThat(endpoint(TestMesh.of(objects.formatted("disabled")), cluster))
                .satisfies(e -> {
                    assertThat(e.address()).isEqualTo("127.9.0.9");
                    assertThat(e.more()).containsExactly("fd00::9");
                });
        assertThat(endpoint(TestMesh.of(objects.formatted("enabled")), cluster)).satisfies(e -> {
            assertThat(e.tunnel()).isPresent();
            assertThat(e.more()).isEmpty();
        });
    }

    private static Endpoints.Endpoint endpoint(TestMesh m, String cluster) {
        return m.endpoints(cluster).localities().getFirst().endpoints().getFirst();
    }

    @Test
    void bothFamiliesOfADualStackService() {
        TestMesh m = TestMesh.of(
                "---\n{apiVersion: v1, kind: Service, metadata: {name: two, namespace: default}, spec: {clusterIP: 10.96.0.79, "
                        + "clusterIPs: [10.96.0.79, \"fd00::79\"], ports: [{name: http, port: 80}]}}\n");
        assertThat(m.snapshot().dispatch().services())
                .filteredOn(s -> s.host().startsWith("two."))
                .singleElement()
                .satisfies(s -> assertThat(s.addresses()).hasSize(2));
    }

    @Test
    void anEntryForAServicesHostAddsEndpoints() {
        TestMesh m = TestMesh.of(
                entry(
                        "more",
                        "{hosts: [reviews.default.svc.cluster.local], resolution: STATIC, location: MESH_INTERNAL, "
                                + "ports: [{number: 1, name: http, protocol: HTTP, targetPort: 7070}], endpoints: [{address: 127.9.0.1}]}"));
        assertThat(m.addresses(TestMesh.REVIEWS)).containsExactlyInAnyOrder("127.1.1.1", "127.1.1.2", "127.9.0.1");
        assertThat(m.snapshot().dispatch().services())
                .filteredOn(s -> s.host().startsWith("reviews."))
                .hasSize(1);
    }

    @Test
    void servicesThatAreNotExportedAreNotServed() {
        TestMesh m = TestMesh.of(
                "---\n{apiVersion: v1, kind: Namespace, metadata: {name: other, labels: {istio.io/use-waypoint: waypoint, "
                        + "istio.io/use-waypoint-namespace: default}}}\n"
                        + "---\n{apiVersion: v1, kind: Service, metadata: {name: open, namespace: other}, spec: {clusterIP: 10.96.1.1, ports: [{name: http, port: 80}]}}\n"
                        + "---\n{apiVersion: v1, kind: Service, metadata: {name: shut, namespace: other, annotations: {networking.istio.io/exportTo: .}}, "
                        + "spec: {clusterIP: 10.96.1.2, ports: [{name: http, port: 80}]}}\n");
        assertThat(m.snapshot().dispatch().services())
                .extracting(Dispatch.Service::host)
                .contains("open.other.svc.cluster.local")
                .doesNotContain("shut.other.svc.cluster.local");
    }

    /** meshConfig.defaultServiceExportTo is for services that say nothing. */
    @Test
    void servicesAreExportedByDefaultWhereTheMeshSays() {
        String other =
                "---\n{apiVersion: v1, kind: Namespace, metadata: {name: other, labels: {istio.io/use-waypoint: waypoint, "
                        + "istio.io/use-waypoint-namespace: default}}}\n"
                        + "---\n{apiVersion: v1, kind: Service, metadata: {name: silent, namespace: other}, spec: {clusterIP: 10.96.1.1, ports: [{name: http, port: 80}]}}\n"
                        + "---\n{apiVersion: v1, kind: Service, metadata: {name: open, namespace: other, annotations: {networking.istio.io/exportTo: '*'}}, "
                        + "spec: {clusterIP: 10.96.1.2, ports: [{name: http, port: 80}]}}\n"
                        + "---\n{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: entry, namespace: other}, "
                        + "spec: {hosts: [silent.example], addresses: [10.9.1.1], resolution: NONE, " + PORT + "}}\n";
        String mesh = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, "
                + "data: {mesh: 'defaultServiceExportTo: [.]'}}\n";
        assertThat(hosts(other)).contains("silent.other.svc.cluster.local", "silent.example");
        assertThat(hosts(other + mesh))
                .contains("open.other.svc.cluster.local", "reviews.default.svc.cluster.local")
                .doesNotContain("silent.other.svc.cluster.local", "silent.example");
    }

    private static List<String> hosts(String objects) {
        return TestMesh.of(objects).snapshot().dispatch().services().stream()
                .map(Dispatch.Service::host)
                .toList();
    }

    @Test
    void whatZtunnelsLearnOfBalancing() {
        TestMesh m = TestMesh.of(entry(
                        "n",
                        "{hosts: [n.example], addresses: [10.9.0.1], resolution: NONE, " + PORT
                                + ", subjectAltNames: [spiffe://x]}")
                + "---\n{apiVersion: v1, kind: Service, metadata: {name: near, namespace: default}, spec: {clusterIP: 10.96.0.80, "
                + "trafficDistribution: PreferClose, ports: [{name: http, port: 80}]}}\n");
        MeshService none = Objects.requireNonNull(m.snapshot().services().get("default/n.example"));
        assertThat(none.balancing().mode()).isEqualTo(MeshService.Mode.PASSTHROUGH);
        assertThat(none.subjectAltNames()).containsExactly("spiffe://x");
        MeshService near =
                Objects.requireNonNull(m.snapshot().services().get("default/near.default.svc.cluster.local"));
        assertThat(near.balancing().mode()).isEqualTo(MeshService.Mode.FAILOVER);
        assertThat(near.balancing().preferences())
                .containsExactly(MeshService.Scope.NETWORK, MeshService.Scope.REGION, MeshService.Scope.ZONE);
    }

    @Test
    void kindsForOthersSayWhatToDoInstead() {
        assertThat(TestMesh.of("""
                                ---
                                {apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: e, namespace: default}, spec: {}}
                                ---
                                {apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: s, namespace: default}, spec: {}}
                                ---
                                {apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: default}, spec: {mtls: {mode: STRICT}}}
                                """).findings())
                .anyMatch(f -> f.startsWith("WARNING EnvoyFilter") && f.contains("use routes"))
                .anyMatch(f -> f.startsWith("INFO Sidecar") && f.contains("exportTo"))
                .anyMatch(f -> f.startsWith("INFO PeerAuthentication") && f.contains("mutual TLS"));
    }
}
