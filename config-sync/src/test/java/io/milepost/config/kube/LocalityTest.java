package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Ranks and weights as istiod gave them in case vs-locality; the waypoint is in region-1/zone-1 on node n1. */
class LocalityTest {
    private static final String FAR = "inbound-vip|80|http|far.example";
    private static final String NEAR = "inbound-vip|9080|http|near.default.svc.cluster.local";
    private static final String ENTRY = """
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: far, namespace: default}
            spec:
              hosts: [far.example]
              addresses: [10.97.0.1]
              location: MESH_INTERNAL
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              endpoints:
              - {address: 127.1.9.1, locality: region-1/zone-1, labels: {rack: r1}}
              - {address: 127.1.9.2, locality: region-1/zone-2, labels: {rack: r2}, weight: 3}
              - {address: 127.1.9.3, locality: region-2/zone-3, labels: {rack: r1}}
              - {address: 127.1.9.4, locality: region-3/zone-4, labels: {rack: r3}}
            """;
    private static final String OUTLIERS = "outlierDetection: {}, ";

    private static TestMesh far(String policy) {
        return TestMesh.of(
                ENTRY + object("DestinationRule", "far", "{host: far.example, trafficPolicy: {" + policy + "}}"));
    }

    @Test
    void withoutOutlierDetectionAllAreAlike() {
        assertThat(TestMesh.of(ENTRY).places(FAR))
                .containsExactly(
                        "0 zone-1 0 127.1.9.1", "0 zone-2 0 127.1.9.2", "0 zone-3 0 127.1.9.3", "0 zone-4 0 127.1.9.4");
        assertThat(far("loadBalancer: {localityLbSetting: {failover: [{from: region-1, to: region-3}]}}")
                        .findings())
                .anyMatch(f -> f.contains("outlierDetection"));
    }

    @Test
    void withOutlierDetectionTheNearestComeFirst() {
        assertThat(far(OUTLIERS).places(FAR))
                .containsExactly(
                        "0 zone-1 0 127.1.9.1", "1 zone-2 0 127.1.9.2", "2 zone-3 0 127.1.9.3", "2 zone-4 0 127.1.9.4");
    }

    @Test
    void failoverNamesTheNextRegion() {
        assertThat(far(OUTLIERS + "loadBalancer: {localityLbSetting: {failover: [{from: region-1, to: region-3}]}}")
                        .places(FAR))
                .containsExactly(
                        "0 zone-1 1 127.1.9.1", "1 zone-2 3 127.1.9.2", "2 zone-4 1 127.1.9.4", "3 zone-3 1 127.1.9.3");
    }

    @Test
    void prioritiesByLabels() {
        assertThat(far(OUTLIERS
                                + "loadBalancer: {localityLbSetting: {failoverPriority: [topology.kubernetes.io/region, rack=r2]}}")
                        .places(FAR))
                .containsExactly(
                        "0 zone-2 3 127.1.9.2", "1 zone-1 1 127.1.9.1", "2 zone-3 1 127.1.9.3", "2 zone-4 1 127.1.9.4");
    }

    @Test
    void distributeWeighsAndLeavesOut() {
        assertThat(far("loadBalancer: {localityLbSetting: {distribute: [{from: region-1/zone-1/*, to: "
                                + "{region-1/zone-1/*: 20, region-2/*: 80}}]}}")
                        .places(FAR))
                .containsExactly("0 zone-1 20 127.1.9.1", "0 zone-3 80 127.1.9.3");
        assertThat(far("loadBalancer: {localityLbSetting: {distribute: [{from: \"*\", to: {region-1/*: 100}}]}}")
                        .places(FAR))
                .as("shared by the weight of what one pattern takes")
                .containsExactly("0 zone-1 25 127.1.9.1", "0 zone-2 75 127.1.9.2");
        assertThat(far("loadBalancer: {localityLbSetting: {distribute: [{from: region-1, to: {region-1: 90}}]}}")
                        .errors())
                .anyMatch(e -> e.contains("100"));
    }

    @Test
    void switchedOff() {
        assertThat(far(OUTLIERS + "loadBalancer: {localityLbSetting: {enabled: false}}")
                        .places(FAR))
                .allMatch(p -> p.startsWith("0 "));
    }

    @Test
    void meshWideSetting() {
        String mesh =
                "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: "
                        + "\"localityLbSetting: {enabled: false}\"}}\n";
        assertThat(TestMesh.of(ENTRY + mesh
                                + "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: far, namespace: default}\n"
                                + "spec: {host: far.example, trafficPolicy: {outlierDetection: {}}}\n")
                        .places(FAR))
                .allMatch(p -> p.startsWith("0 "));
    }

    @Test
    void trafficDistributionNeedsNoOutlierDetection() {
        String service =
                "---\n{apiVersion: v1, kind: Service, metadata: {name: near, namespace: default%s}, spec: {clusterIP: "
                        + "10.96.0.70, %s ports: [{name: http, port: 9080}], selector: {app: reviews}}}\n";
        for (String s : new String[] {
            service.formatted("", "trafficDistribution: PreferClose,"),
            service.formatted("", "trafficDistribution: PreferSameNode,"),
            service.formatted(", annotations: {networking.istio.io/traffic-distribution: PreferSameZone}", "")
        }) {
            assertThat(TestMesh.of(s).places(NEAR))
                    .as(s)
                    .containsExactly("0 zone-1 1 127.1.1.1", "1 zone-2 1 127.1.1.2");
        }
    }

    @Test
    void internalTrafficPolicyLocalKeepsToTheNode() {
        assertThat(TestMesh.of("---\n{apiVersion: v1, kind: Service, metadata: {name: near, namespace: default}, spec: "
                                + "{clusterIP: 10.96.0.70, internalTrafficPolicy: Local, ports: [{name: http, port: 9080}], "
                                + "selector: {app: reviews}}}\n")
                        .addresses(NEAR))
                .containsExactly("127.1.1.1");
    }
}
