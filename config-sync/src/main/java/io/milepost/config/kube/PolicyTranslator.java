package io.milepost.config.kube;

import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.PolicySet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns AuthorizationPolicies into decisions. Pure: equal objects give equal policies. */
public interface PolicyTranslator {
    String KIND = "AuthorizationPolicy";

    /** Nobody wrote a policy. */
    PolicyTranslator NONE = new PolicyTranslator() {};

    /** Policies for the HTTP chain of a service ({@link ServiceInfo#DIRECT}: workload-addressed traffic). */
    default PolicySet forHttp(KubeObjects objects, ServiceInfo service, GatewayInfo waypoint) {
        return PolicySet.NONE;
    }

    default PolicySet forTcp(KubeObjects objects, ServiceInfo service, GatewayInfo waypoint) {
        return PolicySet.NONE;
    }

    /** What ztunnels make of one policy; empty when it is none of theirs. */
    default Optional<L4Policy> l4(KubeObject policy, MeshSettings mesh) {
        return Optional.empty();
    }

    /** Selector policies of the whole mesh, for ztunnels. */
    default List<L4Policy> l4(KubeObjects objects, MeshSettings mesh) {
        return objects.ofKind(KIND).stream().flatMap(p -> l4(p, mesh).stream()).toList();
    }

    /** {@code namespace/name} of the policies with a selector that picks a pod with these labels. */
    default Set<String> selecting(
            KubeObjects objects, String namespace, Map<String, String> podLabels, MeshSettings mesh) {
        return Set.of();
    }

    /** What is wrong with, or has no effect in, a policy. */
    default Set<Finding> findings(KubeObject policy, MeshSettings mesh) {
        return Set.of();
    }

    /** What is wrong with, or has no effect in, policies. */
    default List<Finding> findings(KubeObjects objects, MeshSettings mesh) {
        return objects.ofKind(KIND).stream()
                .flatMap(p -> findings(p, mesh).stream())
                .distinct()
                .toList();
    }
}
