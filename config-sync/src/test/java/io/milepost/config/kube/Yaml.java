package io.milepost.config.kube;

import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A little mesh as text: services reviews, ratings (with v1 and v2 pods) and tcp, all behind waypoint default/waypoint. */
final class Yaml {
    static final GatewayRef WAYPOINT = new GatewayRef("default", "waypoint");

    static final String MESH = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: other}}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: waypoint}
            spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}, {name: grpc-a, port: 70}], selector: {app: reviews}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: ratings}, spec: {clusterIP: 10.96.0.11, ports: [{name: http, port: 80}], selector: {app: ratings}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: tcp}, spec: {clusterIP: 10.96.0.12, ports: [{name: tcp, port: 90}], selector: {app: reviews}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: far, namespace: other}, spec: {clusterIP: 10.96.0.13, ports: [{name: http, port: 80}]}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: r1, labels: {app: reviews, version: v1}}, spec: {serviceAccountName: r}, status: {podIP: 10.1.0.1}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: r2, labels: {app: reviews, version: v2}}, spec: {serviceAccountName: r}, status: {podIP: 10.1.0.2}}
            """;

    private Yaml() {}

    static ObjectFiles.Parsed parse(String text) {
        return new ObjectFiles.Content(Map.of("mesh.yaml", text), List.of()).parse();
    }

    static SnapshotBuilder.Result build(GatewayApiMode mode, String more) {
        return new SnapshotBuilder(PolicyTranslator.NONE, mode)
                .build(new KubeObjects(parse(MESH + more).objects()), Optional.of(WAYPOINT));
    }

    static SnapshotBuilder.Result build(String more) {
        return build(GatewayApiMode.ISTIO, more);
    }

    /** An HTTPRoute in namespace default for a service there. */
    static String route(String name, String service, String rules) {
        return route("HTTPRoute", "default", name, "{group: '', kind: Service, name: " + service + "}", rules);
    }

    static String route(String kind, String namespace, String name, String parent, String rules) {
        return """
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: %s
                metadata: {name: %s, namespace: %s}
                spec:
                  parentRefs: [%s]
                  rules: %s
                """.formatted(kind, name, namespace, parent, rules);
    }

    static HttpChain http(MeshSnapshot s, String service, int port) {
        return find(s.httpChains(), "inbound-vip|" + port + "|http|" + service + ".default.svc.cluster.local");
    }

    static TcpChain tcp(MeshSnapshot s, String service, int port) {
        return find(s.tcpChains(), "inbound-vip|" + port + "|tcp|" + service + ".default.svc.cluster.local");
    }

    static List<RouteRule> rules(SnapshotBuilder.Result r, String service, int port) {
        return http(r.snapshot(), service, port).routes().rules();
    }

    static <V> V find(Map<String, V> map, String key) {
        V v = map.get(key);
        if (v == null) {
            throw new AssertionError("no " + key + " in " + map.keySet());
        }
        return v;
    }
}
