package io.milepost.testbed.load;

import io.milepost.hbone.HboneClient;
import io.milepost.hbone.HboneClientBuilder;
import io.milepost.hbone.WorkloadCertificates;
import java.time.Duration;

/** What meshes under load have in common. */
public final class MeshParts {
    /** The namespace {@code default}, enrolled with the waypoint {@code default/waypoint}; ends with a separator. */
    public static final String WAYPOINT = """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: default
              labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: GatewayClass
            metadata: {name: istio-waypoint}
            spec: {controllerName: istio.io/mesh-controller}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              name: waypoint
              namespace: default
              labels: {istio.io/waypoint-for: service}
            spec:
              gatewayClassName: istio-waypoint
              listeners: [{name: mesh, port: 15008, protocol: HBONE}]
            ---
            """;

    private MeshParts() {}

    /** A client for which a busy machine is no failure of the mesh. */
    public static HboneClientBuilder patientClient(WorkloadCertificates certificates, Duration patience) {
        return HboneClient.builder()
                .certificates(certificates)
                .connectTimeout(patience)
                .handshakeTimeout(patience)
                .answerTimeout(patience);
    }
}
