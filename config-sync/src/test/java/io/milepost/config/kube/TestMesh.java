package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Reviews (port 9080 http) and echo (ports of all kinds) behind a waypoint in zone region-1/zone-1, plus objects under test. */
final class TestMesh {
    static final String REVIEWS = "inbound-vip|9080|http|reviews.default.svc.cluster.local";
    static final String ECHO = "inbound-vip|90|tcp|echo.default.svc.cluster.local";

    private static final String BASE = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}}
            ---
            {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {topology.kubernetes.io/region: region-1, topology.kubernetes.io/zone: zone-1}}}
            ---
            {apiVersion: v1, kind: Node, metadata: {name: n2, labels: {topology.kubernetes.io/region: region-1, topology.kubernetes.io/zone: zone-2}}}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: waypoint, namespace: default}
            spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE, allowedRoutes: {namespaces: {from: All}}}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: waypoint-0, namespace: default, labels: {gateway.networking.k8s.io/gateway-name: waypoint, gateway.istio.io/managed: istio.io-mesh-controller}}
            spec: {nodeName: n1}
            status: {podIP: 127.0.15.1}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews, namespace: default}, spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 9080}], selector: {app: reviews}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: reviews-v1-0, namespace: default, labels: {app: reviews, version: v1}}
            spec: {serviceAccountName: reviews, nodeName: n1}
            status: {podIP: 127.1.1.1, conditions: [{type: Ready, status: "True"}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: reviews-v2-0, namespace: default, labels: {app: reviews, version: v2}}
            spec: {serviceAccountName: reviews, nodeName: n2}
            status: {podIP: 127.1.1.2, conditions: [{type: Ready, status: "True"}]}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: echo, namespace: default}, spec: {clusterIP: 10.96.0.12, ports: [{name: http, port: 80}, {name: tcp, port: 90}, {name: grpc, port: 70}, {port: 7}], selector: {app: echo}}}
            """;

    private static final GatewayRef WAYPOINT = new GatewayRef("default", "waypoint");

    private final SnapshotBuilder builder;
    private final KubeObjects objects;
    private final SnapshotBuilder.Result result;

    private TestMesh(SnapshotBuilder builder, KubeObjects objects) {
        this.builder = builder;
        this.objects = objects;
        this.result = builder.build(objects, Optional.of(WAYPOINT));
    }

    /** @param objects YAML documents, separated by {@code ---} */
    static TestMesh of(String objects) {
        return of(GatewayApiMode.ISTIO, objects);
    }

    static TestMesh of(GatewayApiMode mode, String objects) {
        ObjectFiles.Parsed parsed =
                new ObjectFiles.Content(Map.of("mesh.yaml", BASE + "---\n" + objects), List.of()).parse();
        assertThat(parsed.findings()).isEmpty();
        return new TestMesh(new SnapshotBuilder(PolicyTranslator.NONE, mode), new KubeObjects(parsed.objects()));
    }

    /** {@code type status reason} of all parents of a route, as {@code analyze} shows them. */
    List<String> conditions(String route) {
        return builder.analyze(objects, WAYPOINT).statuses().stream()
                .filter(s -> s.object().name().equals(route))
                .flatMap(s -> s.parents().stream())
                .flatMap(p -> p.conditions().stream())
                .map(c -> c.type() + " " + c.status() + " " + c.reason())
                .toList();
    }

    MeshSnapshot snapshot() {
        return result.snapshot();
    }

    List<String> errors() {
        return result.errors().stream().map(Finding::toString).toList();
    }

    List<String> findings() {
        return result.findings().stream().map(Finding::toString).toList();
    }

    List<RouteRule> rules(String chain) {
        HttpChain c = result.snapshot().httpChains().get(chain);
        return Objects.requireNonNull(c, chain).routes().rules();
    }

    List<RouteRule> rules() {
        return rules(REVIEWS);
    }

    HttpChain reviews() {
        return Objects.requireNonNull(result.snapshot().httpChains().get(REVIEWS), REVIEWS);
    }

    RouteAction.Forward forward(int rule) {
        return (RouteAction.Forward) rules().get(rule).action();
    }

    TcpChain tcp(String chain) {
        return Objects.requireNonNull(result.snapshot().tcpChains().get(chain), chain);
    }

    Cluster cluster(String name) {
        return Objects.requireNonNull(result.snapshot().clusters().get(name), name);
    }

    Endpoints endpoints(String cluster) {
        return Objects.requireNonNull(result.snapshot().endpoints().get(cluster), cluster);
    }

    List<String> addresses(String cluster) {
        return endpoints(cluster).localities().stream()
                .flatMap(l -> l.endpoints().stream())
                .map(Endpoints.Endpoint::address)
                .toList();
    }

    /** {@code priority zone weight addresses}. */
    List<String> places(String cluster) {
        return endpoints(cluster).localities().stream()
                .map(l -> l.priority() + " " + l.locality().zone() + " " + l.weight() + " "
                        + String.join(
                                ",",
                                l.endpoints().stream()
                                        .map(Endpoints.Endpoint::address)
                                        .toList()))
                .toList();
    }
}
