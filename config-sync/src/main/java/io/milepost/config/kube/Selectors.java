package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** Kubernetes label selectors with matchLabels and matchExpressions. */
final class Selectors {
    private Selectors() {}

    /** An expression that is not understood selects nothing. */
    static boolean matches(JsonNode selector, Map<String, String> labels) {
        for (Map.Entry<String, JsonNode> e : selector.path("matchLabels").properties()) {
            if (!e.getValue().asText().equals(labels.get(e.getKey()))) {
                return false;
            }
        }
        for (JsonNode x : selector.path("matchExpressions")) {
            String value = labels.get(x.path("key").asText());
            boolean listed = false;
            for (JsonNode v : x.path("values")) {
                listed |= v.asText().equals(value);
            }
            boolean ok = switch (x.path("operator").asText()) {
                case "In" -> listed;
                case "NotIn" -> !listed;
                case "Exists" -> value != null;
                case "DoesNotExist" -> value == null;
                default -> false;
            };
            if (!ok) {
                return false;
            }
        }
        return true;
    }
}
