package io.milepost.config.kube;

import io.milepost.mesh.MeshSettings;
import java.util.Map;

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
}
