package io.milepost.config.kube;

import io.milepost.mesh.Cluster;
import java.util.Map;

/**
 * What a DestinationRule says about one cluster.
 *
 * @param labels of the subset; empty for the whole service
 */
interface DestinationPolicy {
    /** Nobody said anything. */
    DestinationPolicy NONE = new DestinationPolicy() {};

    default Map<String, String> labels() {
        return Map.of();
    }

    default Cluster apply(Cluster cluster, boolean http) {
        return cluster;
    }
}
