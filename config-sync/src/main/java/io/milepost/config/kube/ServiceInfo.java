package io.milepost.config.kube;

import java.util.Map;

/**
 * A service as policies name it.
 *
 * @param kind {@code Service} or {@code ServiceEntry}; empty for workload-addressed traffic
 * @param hostname {@code reviews.default.svc.cluster.local}
 */
public record ServiceInfo(String kind, String namespace, String name, String hostname, Map<String, String> labels) {
    /** Traffic that is addressed to a workload: only policies of the waypoint itself apply. */
    public static final ServiceInfo DIRECT = new ServiceInfo("", "", "", "", Map.of());

    public ServiceInfo {
        labels = Map.copyOf(labels);
    }

    public boolean isDirect() {
        return hostname.isEmpty();
    }
}
