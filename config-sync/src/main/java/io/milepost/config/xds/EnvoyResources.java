package io.milepost.config.xds;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import java.util.List;

/**
 * Everything that istiod sends to one waypoint, parsed but not yet interpreted.
 *
 * @param findings what was already noticed while it was parsed
 */
public record EnvoyResources(
        List<Listener> listeners,
        List<Cluster> clusters,
        List<ClusterLoadAssignment> assignments,
        List<Workload> workloads,
        List<MeshService> services,
        List<L4Policy> l4Policies,
        List<String> findings) {
    public EnvoyResources {
        listeners = List.copyOf(listeners);
        clusters = List.copyOf(clusters);
        assignments = List.copyOf(assignments);
        workloads = List.copyOf(workloads);
        services = List.copyOf(services);
        l4Policies = List.copyOf(l4Policies);
        findings = List.copyOf(findings);
    }
}
