package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Endpoints;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Names, order and defaults as istiod gave them (fidelity cases gw-weights, vs-weights, gw-merge). */
class SnapshotBuilderTest {
    private static final String MESH = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: waypoint}
            spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 9080}], selector: {app: reviews}}}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: reviews-v1}
            spec: {replicas: 2, template: {metadata: {labels: {app: reviews, version: v1}}, spec: {serviceAccountName: reviews}}}
            """;
    private static final String CHAIN = "inbound-vip|9080|http|reviews.default.svc.cluster.local";

    private static SnapshotBuilder.Result build(String more) {
        ObjectFiles.Parsed parsed = new ObjectFiles.Content(Map.of("mesh.yaml", MESH + more), List.of()).parse();
        assertThat(parsed.findings()).isEmpty();
        return new SnapshotBuilder(PolicyTranslator.NONE)
                .build(new KubeObjects(parsed.objects()), Optional.of(new GatewayRef("default", "waypoint")));
    }

    private static List<RouteRule> rules(MeshSnapshot s) {
        HttpChain chain = s.httpChains().get(CHAIN);
        assertThat(chain).isNotNull();
        return chain == null ? List.of() : chain.routes().rules();
    }

    @Test
    void plainYamlGetsAddressesAndHbone() {
        MeshSnapshot s = build("").snapshot();
        assertThat(rules(s)).singleElement().satisfies(r -> {
            assertThat(r.name()).isEqualTo("default");
            assertThat(r.operation()).isEqualTo("reviews.default.svc.cluster.local:9080/*");
        });
        Endpoints e = s.endpoints().get(CHAIN);
        assertThat(e).isNotNull();
        if (e != null) {
            assertThat(e.localities().getFirst().endpoints()).hasSize(2).allSatisfy(x -> {
                assertThat(x.address()).startsWith("127.");
                assertThat(x.tunnel().orElseThrow().identities())
                        .containsExactly("spiffe://cluster.local/ns/default/sa/reviews");
            });
        }
        assertThat(build("").snapshot()).isEqualTo(s);
    }

    @Test
    void weightsOfAnHttpRoute() {
        MeshSnapshot s = build("""
                        ---
                        apiVersion: gateway.networking.k8s.io/v1
                        kind: HTTPRoute
                        metadata: {name: weights}
                        spec:
                          parentRefs: [{group: "", kind: Service, name: reviews}]
                          rules:
                          - matches: [{path: {type: PathPrefix, value: /half}}]
                            backendRefs: [{name: reviews, port: 9080}, {name: gone, port: 9080, weight: 3}]
                          - matches: [{path: {type: Exact, value: /e}}]
                            backendRefs: [{name: reviews, port: 9080, weight: 0}]
                        """).snapshot();
        assertThat(rules(s)).extracting(RouteRule::name).containsExactly("default.weights.1", "default.weights.0");
        assertThat(rules(s).getFirst().action()).isEqualTo(new RouteAction.DirectReply(500, ""));
        assertThat(rules(s).get(1).action()).isInstanceOfSatisfying(RouteAction.Forward.class, f -> {
            assertThat(f.weighted()).isTrue();
            assertThat(f.missingClusterStatus()).isEqualTo(500);
            assertThat(f.backends()).extracting(RouteAction.Backend::weight).containsExactly(1, 3);
        });
    }

    @Test
    void subsetsOfAVirtualService() {
        MeshSnapshot s = build("""
                        ---
                        apiVersion: networking.istio.io/v1
                        kind: VirtualService
                        metadata: {name: reviews}
                        spec:
                          hosts: [reviews]
                          http: [{route: [{destination: {host: reviews, subset: v1}, weight: 90}, {destination: {host: reviews}, weight: 10}]}]
                        ---
                        apiVersion: networking.istio.io/v1
                        kind: DestinationRule
                        metadata: {name: reviews}
                        spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
                        """).snapshot();
        assertThat(rules(s)).singleElement().extracting(RouteRule::operation).isEqualTo("reviews:9080/*");
        assertThat(s.clusters()).containsKey("inbound-vip|9080|http/v1|reviews.default.svc.cluster.local");
    }

    @Test
    void fieldsThatNobodyReadAreReported() {
        assertThat(build("""
                                ---
                                apiVersion: networking.istio.io/v1
                                kind: DestinationRule
                                metadata: {name: reviews}
                                spec: {host: reviews, trafficPolicy: {tunnel: {protocol: CONNECT}}}
                                """).findings())
                .anySatisfy(f ->
                        assertThat(f.toString()).contains("DestinationRule default/reviews spec.trafficPolicy.tunnel"));
    }
}
