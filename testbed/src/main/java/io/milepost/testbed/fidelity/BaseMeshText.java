package io.milepost.testbed.fidelity;

/** The fixed documents of {@link BaseMesh}. */
final class BaseMeshText {
    static final String NODE = """
            apiVersion: v1
            kind: Node
            metadata:
              name: node-1
              labels:
                topology.kubernetes.io/region: region-1
                topology.kubernetes.io/zone: zone-1
            """;

    static final String GATEWAY_CLASS = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: GatewayClass
            metadata:
              name: istio-waypoint
            spec:
              controllerName: istio.io/mesh-controller
            """;

    static final String GATEWAY = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              name: waypoint
              namespace: default
              labels:
                istio.io/waypoint-for: service
            spec:
              gatewayClassName: istio-waypoint
              listeners:
              - name: mesh
                port: 15008
                protocol: HBONE
                allowedRoutes:
                  namespaces:
                    from: All
            status:
              addresses:
              - type: Hostname
                value: waypoint.default.svc.cluster.local
            """;

    static final String WAYPOINT_SERVICE = """
            apiVersion: v1
            kind: Service
            metadata:
              name: waypoint
              namespace: default
              labels:
                gateway.istio.io/managed: istio.io-mesh-controller
                gateway.networking.k8s.io/gateway-name: waypoint
            spec:
              clusterIP: 10.96.0.99
              clusterIPs:
              - 10.96.0.99
              ports:
              - name: mesh
                port: 15008
                appProtocol: hbone
              selector:
                gateway.networking.k8s.io/gateway-name: waypoint
            """;

    static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: $NAME
              namespace: $NS
              uid: uid-$NS-$NAME
              labels:$LABELS
            spec:
              serviceAccountName: $SA
              nodeName: node-1
              containers:
              - name: app
                image: app
            status:
              phase: Running
              podIP: $IP
              podIPs:
              - ip: $IP
              conditions:
              - type: Ready
                status: "True"
            """;

    private BaseMeshText() {}
}
