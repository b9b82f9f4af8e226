package io.milepost.mesh;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pod, VM or other thing that runs an application (Istio's workload record).
 *
 * @param uid for example {@code Kubernetes//Pod/default/reviews-v1-0}
 * @param hbone whether it is reached by HBONE
 * @param services {@code namespace/hostname} to (service port to target port)
 * @param waypoint for workload-addressed traffic
 * @param policies names ({@code ns/name}) of selector policies that apply
 */
public record Workload(
        String uid,
        String name,
        String namespace,
        List<IpAddress> addresses,
        String hostname,
        SpiffeId identity,
        String workloadName,
        String workloadType,
        String canonicalName,
        String canonicalRevision,
        String cluster,
        String network,
        String node,
        Locality locality,
        boolean hbone,
        boolean healthy,
        int capacity,
        Map<String, Map<Integer, Integer>> services,
        Optional<WaypointRef> waypoint,
        List<String> policies) {
    public Workload {
        addresses = List.copyOf(addresses);
        services = Map.copyOf(services);
        policies = List.copyOf(policies);
    }

    /**
     * @param host {@code namespace/hostname} of the waypoint's service; empty when given by address
     * @param address empty when given by host
     */
    public record WaypointRef(String host, Optional<IpAddress> address, int port) {}
}
