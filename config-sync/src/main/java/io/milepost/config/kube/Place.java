package io.milepost.config.kube;

import io.milepost.mesh.Locality;
import java.util.HashMap;
import java.util.Map;

/**
 * Where something runs, and its labels.
 *
 * @param node empty when unknown
 * @param labels with those that tell the place
 */
record Place(Locality locality, String node, Map<String, String> labels) {
    static final String REGION = "topology.kubernetes.io/region";
    static final String ZONE = "topology.kubernetes.io/zone";
    static final String SUBZONE = "topology.istio.io/subzone";
    static final String NETWORK = "topology.istio.io/network";
    static final String NODE = "kubernetes.io/hostname";

    static final Place UNKNOWN = new Place(Locality.UNKNOWN, "", Map.of());

    Place {
        labels = Map.copyOf(labels);
    }

    static Place of(Locality locality, String node, Map<String, String> labels) {
        Map<String, String> all = new HashMap<>(labels);
        put(all, REGION, locality.region());
        put(all, ZONE, locality.zone());
        put(all, SUBZONE, locality.subzone());
        put(all, NODE, node);
        return new Place(locality, node, all);
    }

    static Place of(PodModel pod) {
        return of(pod.locality(), pod.node(), pod.labels());
    }

    private static void put(Map<String, String> labels, String key, String value) {
        if (!value.isEmpty()) {
            labels.put(key, value);
        }
    }
}
