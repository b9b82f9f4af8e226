package io.milepost.config.kube;

import java.util.List;
import java.util.Map;

/** What a service asks for: {@code spec.trafficDistribution}, or the annotation on it or on its namespace. */
enum TrafficDistribution {
    ANY(List.of()),
    PREFER_SAME_ZONE(List.of(Place.NETWORK, Place.REGION, Place.ZONE)),
    PREFER_SAME_NODE(List.of(Place.NETWORK, Place.REGION, Place.ZONE, Place.SUBZONE, Place.NODE));

    private static final String ANNOTATION = "networking.istio.io/traffic-distribution";

    private final List<String> priorities;

    TrafficDistribution(List<String> priorities) {
        this.priorities = priorities;
    }

    /** Labels in which endpoints should be like the waypoint, most important first. */
    List<String> priorities() {
        return priorities;
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
