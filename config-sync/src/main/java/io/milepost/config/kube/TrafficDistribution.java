package io.milepost.config.kube;

import java.util.List;
import java.util.Map;

/** What a service asks for: {@code spec.trafficDistribution}, or the annotation on it or on its namespace. */
enum TrafficDistribution {
    ANY,
    PREFER_SAME_ZONE,
    PREFER_SAME_NODE;

    private static final String ANNOTATION = "networking.istio.io/traffic-distribution";

    /** Labels in which endpoints should be like the waypoint, most important first. */
    List<String> priorities() {
        return switch (this) {
            case ANY -> List.of();
            case PREFER_SAME_ZONE -> List.of(Place.NETWORK, Place.REGION, Place.ZONE);
            case PREFER_SAME_NODE -> List.of(Place.NETWORK, Place.REGION, Place.ZONE, Place.SUBZONE, Place.NODE);
        };
    }

    static TrafficDistribution of(String field, Map<String, String> own, Map<String, String> namespace) {
        String text = field.isEmpty() ? own.getOrDefault(ANNOTATION, namespace.getOrDefault(ANNOTATION, "")) : field;
        return switch (text) {
            case "PreferClose", "PreferSameZone" -> PREFER_SAME_ZONE;
            case "PreferSameNode" -> PREFER_SAME_NODE;
            default -> ANY;
        };
    }
}
