package io.milepost.config.kube;

import io.milepost.mesh.Cluster;
import java.util.Map;

/**
 * What a DestinationRule says about one cluster.
 *
 * @see TrafficPolicy
 */
interface DestinationPolicy {
    /** Nobody said anything. */
    DestinationPolicy NONE = new DestinationPolicy() {};

    /** Of the subset; empty for the whole service. */
    default Map<String, String> labels() {
        return Map.of();
    }

    default Cluster apply(Cluster cluster, ServiceModel.Port port, boolean http) {
        return cluster;
    }

    /** How endpoints are ranked and weighed by where they are. */
    default LocalitySetting locality(TrafficDistribution distribution) {
        return LocalitySetting.of(distribution);
    }
}
