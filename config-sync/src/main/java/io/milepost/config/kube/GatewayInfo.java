package io.milepost.config.kube;

import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.SourceRef;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The waypoint that configuration is made for.
 *
 * @param gatewayClass for example {@code istio-waypoint}
 * @param labels of the Gateway's pods as selectors see them ({@code gateway.networking.k8s.io/gateway-name} included)
 * @param mesh trust domain, aliases and root namespace
 */
public record GatewayInfo(
        String namespace, String name, String gatewayClass, Map<String, String> labels, MeshSettings mesh) {
    public GatewayInfo {
        labels = Map.copyOf(labels);
    }

    /** The Gateway as it is written down; complains when it is not. */
    static GatewayInfo of(KubeObjects objects, GatewayRef ref, MeshConfig mesh, Report report) {
        Optional<KubeObject> g = objects.find("Gateway", ref.namespace(), ref.name());
        if (g.isEmpty()) {
            report.add(Finding.error(
                    new SourceRef("Gateway", ref.namespace(), ref.name(), ""),
                    "does not exist, so this waypoint would serve nothing: create the Gateway or start with another "
                            + "--gateway"));
        }
        Map<String, String> labels = new HashMap<>(g.map(KubeObject::labels).orElse(Map.of()));
        labels.put(Pods.GATEWAY_NAME, ref.name());
        return new GatewayInfo(
                ref.namespace(),
                ref.name(),
                g.map(o -> o.spec().path("gatewayClassName").asText("")).orElse(""),
                labels,
                mesh.settings());
    }
}
