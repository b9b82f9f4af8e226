package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;

/**
 * Which clusters a service has: one for each port and protocol of it, one more for each subset of its DestinationRules,
 * and, where a route names a service that has no waypoint or another one, those that were named.
 */
final class ServiceClusters {
    private final Clusters clusters;
    private final ServiceRegistry registry;
    private final DestinationRules destinationRules;
    private final BackendPolicies backendPolicies;

    ServiceClusters(
            Clusters clusters,
            ServiceRegistry registry,
            DestinationRules destinationRules,
            BackendPolicies backendPolicies) {
        this.clusters = clusters;
        this.registry = registry;
        this.destinationRules = destinationRules;
        this.backendPolicies = backendPolicies;
    }

    /** The clusters of one port. */
    void add(ServiceModel s, Port p, boolean asHttp, String name) {
        clusters.add(s, p, asHttp, name, backendPolicies.over(destinationRules.policy(s, p.number()), s, p), "");
        destinationRules
                .subsets(s, p.number())
                .forEach((subset, policy) -> clusters.add(
                        s,
                        p,
                        asHttp,
                        Targets.cluster(p.number(), asHttp, subset, s.host()),
                        backendPolicies.over(policy, s, p),
                        subset));
    }

    /** The clusters of all ports. */
    void addAll(ServiceModel s) {
        for (Port p : s.ports()) {
            if (p.protocol() != PortProtocol.UDP && p.protocol().speaksHttp()) {
                add(s, p, true, Targets.chain(p.number(), true, s.host()));
            }
            if (p.protocol() != PortProtocol.UDP && p.protocol().speaksTcp()) {
                add(s, p, false, Targets.chain(p.number(), false, s.host()));
            }
        }
    }

    /** The cluster of a service that a route names but that has no or another waypoint. */
    void addOutbound(String name) {
        String[] parts = name.split("\\|", -1);
        int number = Integer.parseInt(parts[1]);
        registry.byHost(parts[3])
                .ifPresent(s -> s.port(number).ifPresent(p -> {
                    boolean asHttp = p.protocol().speaksHttp();
                    DestinationPolicy policy = parts[2].isEmpty()
                            ? destinationRules.policy(s, number)
                            : destinationRules.subsets(s, number).get(parts[2]);
                    if (policy != null) {
                        clusters.add(s, p, asHttp, name, backendPolicies.over(policy, s, p), parts[2]);
                    }
                }));
    }

    /** What direct (workload-addressed) traffic uses. */
    void addDirect() {
        clusters.addDirect();
    }

    /** Forgets the clusters of a service, which is translated anew. */
    void forget(String host) {
        clusters.forget(host);
    }
}
