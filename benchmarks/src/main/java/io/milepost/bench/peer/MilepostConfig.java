package io.milepost.bench.peer;

import io.milepost.bench.mesh.BenchMesh;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** The Kubernetes, Gateway API and Istio YAML of a {@link Workload}. */
final class MilepostConfig {
    private MilepostConfig() {}

    static String yaml(Workload workload, String waypointIp) {
        StringBuilder out = new StringBuilder(16_384);
        out.append("""
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: default
                  labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}
                ---
                apiVersion: v1
                kind: Namespace
                metadata: {name: istio-system}
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: Gateway
                metadata:
                  name: waypoint
                  namespace: default
                  labels: {istio.io/waypoint-for: service}
                spec:
                  gatewayClassName: istio-waypoint
                  listeners:
                  - {name: mesh, port: 15008, protocol: HBONE}
                status:
                  addresses:
                  - {type: IPAddress, value: %s}
                """.formatted(waypointIp));
        service(out, "web", BenchMesh.VIP, "{app: web}");
        for (BenchMesh.Pod pod : BenchMesh.PODS) {
            pod(out, pod);
        }
        pod(out, "client-0", "client", "127.2.17.9", "{app: client}");
        if (workload.realistic()) {
            service(out, "web-v1", "10.97.0.2", "{app: web, version: v1}");
            service(out, "web-v2", "10.97.0.3", "{app: web, version: v2}");
            realistic(out);
        }
        for (int i = 1; i <= workload.services(); i++) {
            service(out, "svc-" + i, address("10.128.0.0", i), "{app: web}");
        }
        return out.toString();
    }

    private static void service(StringBuilder out, String name, String vip, String selector) {
        out.append("""
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: %s, namespace: default}
                spec:
                  clusterIP: %s
                  selector: %s
                  ports:
                """.formatted(name, vip, selector));
        for (BenchMesh.Port p : name.startsWith("svc-") ? BenchMesh.PORTS.subList(0, 1) : BenchMesh.PORTS) {
            out.append("  - {name: %s, port: %d, targetPort: %d}\n".formatted(p.name(), p.number(), p.target()));
        }
    }

    private static void pod(StringBuilder out, BenchMesh.Pod pod) {
        pod(out, pod.name(), "web", pod.ip(), "{app: web, version: " + pod.version() + "}");
    }

    private static void pod(StringBuilder out, String name, String account, String ip, String labels) {
        out.append("""
                ---
                apiVersion: v1
                kind: Pod
                metadata:
                  name: %s
                  namespace: default
                  labels: %s
                  annotations: {ambient.istio.io/redirection: enabled}
                spec:
                  serviceAccountName: %s
                  containers:
                  - {name: app, image: app}
                status:
                  podIP: %s
                  podIPs: [{ip: %s}]
                  conditions: [{type: Ready, status: "True"}]
                """.formatted(name, labels, account, ip, ip));
    }

    private static void realistic(StringBuilder out) {
        out.append("""
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: web, namespace: default}
                spec:
                  parentRefs:
                  - {group: "", kind: Service, name: web, port: 80}
                  rules:
                  - matches:
                    - path: {type: PathPrefix, value: /}
                      headers: [{name: x-canary, value: "true"}]
                    filters:
                    - type: RequestHeaderModifier
                      requestHeaderModifier:
                        set: [{name: x-lane, value: canary}]
                    backendRefs:
                    - {name: web-v2, port: 80}
                  - matches:
                    - path: {type: PathPrefix, value: /}
                    filters:
                    - type: RequestHeaderModifier
                      requestHeaderModifier:
                        set: [{name: x-lane, value: stable}]
                        add: [{name: x-via, value: waypoint}]
                        remove: [x-debug]
                    - type: ResponseHeaderModifier
                      responseHeaderModifier:
                        set: [{name: x-served-by, value: mesh}]
                    backendRefs:
                    - {name: web-v1, port: 80, weight: 90}
                    - {name: web-v2, port: 80, weight: 10}
                ---
                apiVersion: telemetry.istio.io/v1
                kind: Telemetry
                metadata: {name: mesh-default, namespace: istio-system}
                spec:
                  accessLogging:
                  - providers: [{name: envoy}]
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: clients, namespace: default}
                spec:
                  targetRefs:
                  - {group: "", kind: Service, name: web}
                  action: ALLOW
                  rules:
                """);
        for (int i = 0; i < Workload.RULES - 1; i++) {
            out.append("""
                  - from:
                    - source: {principals: [cluster.local/ns/team-%1$d/sa/app]}
                    to:
                    - operation: {methods: [GET, POST], paths: [/team-%1$d/*]}
                """.formatted(i));
        }
        out.append("""
                  - from:
                    - source: {principals: [cluster.local/ns/default/sa/*]}
                    to:
                    - operation: {methods: [GET, POST], paths: [%s*]}
                """.formatted(Workload.ADMITTED_PATH));
    }

    /** The n-th address behind a base. */
    static String address(String base, int n) {
        try {
            byte[] b = InetAddress.getByName(base).getAddress();
            int value = ((b[0] & 0xff) << 24 | (b[1] & 0xff) << 16 | (b[2] & 0xff) << 8 | (b[3] & 0xff)) + n;
            return (value >>> 24) + "." + (value >>> 16 & 0xff) + "." + (value >>> 8 & 0xff) + "." + (value & 0xff);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(base, e);
        }
    }
}
