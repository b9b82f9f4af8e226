package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What an API server fills into Gateway API objects before anybody sees them (CRD defaults of Gateway API 1.6). Without
 * them a rule without matches would mean something else from a file than from a cluster.
 */
final class GatewayDefaults {
    private static final JsonNodeFactory F = JsonNodeFactory.instance;

    private GatewayDefaults() {}

    /** Changes the tree in place: it was read from a file for us alone. */
    static JsonNode apply(String apiVersion, String kind, JsonNode root) {
        if (!apiVersion.startsWith("gateway.networking.k8s.io/")
                || !(root.path("spec") instanceof ObjectNode spec)
                || !kind.endsWith("Route")) {
            return root;
        }
        for (JsonNode p : spec.path("parentRefs")) {
            put(p, "group", "gateway.networking.k8s.io");
            put(p, "kind", "Gateway");
        }
        boolean http = kind.equals("HTTPRoute");
        if (http && isAbsent(spec, "rules")) {
            spec.set("rules", F.arrayNode().add(F.objectNode()));
        }
        for (JsonNode r : spec.path("rules")) {
            if (r instanceof ObjectNode rule) {
                rule(rule, http, kind.equals("GRPCRoute"));
            }
        }
        return root;
    }

    private static void rule(ObjectNode rule, boolean http, boolean grpc) {
        if (http && isAbsent(rule, "matches")) {
            rule.set("matches", F.arrayNode().add(F.objectNode()));
        }
        for (JsonNode match : rule.path("matches")) {
            if (http && match instanceof ObjectNode m) {
                if (isAbsent(m, "path")) {
                    m.set("path", F.objectNode());
                }
                put(m.path("path"), "type", "PathPrefix");
                put(m.path("path"), "value", "/");
                each(m.path("queryParams"), "type", "Exact");
            }
            if (grpc) {
                put(match.path("method"), "type", "Exact");
            }
            each(match.path("headers"), "type", "Exact");
        }
        filters(rule.path("filters"));
        for (JsonNode b : rule.path("backendRefs")) {
            backend(b);
            if (b instanceof ObjectNode o && isAbsent(o, "weight")) {
                o.put("weight", 1);
            }
            filters(b.path("filters"));
        }
        put(rule.path("sessionPersistence"), "type", "Cookie");
    }

    private static void filters(JsonNode list) {
        for (JsonNode f : list) {
            if (f.path("requestMirror") instanceof ObjectNode mirror) {
                backend(mirror.path("backendRef"));
                if (mirror.path("fraction") instanceof ObjectNode fraction && isAbsent(fraction, "denominator")) {
                    fraction.put("denominator", 100);
                }
            }
            if (f.path("requestRedirect") instanceof ObjectNode o && isAbsent(o, "statusCode")) {
                o.put("statusCode", 302);
            }
            if (f.path("cors") instanceof ObjectNode o && isAbsent(o, "maxAge")) {
                o.put("maxAge", 5);
            }
            backend(f.path("externalAuth").path("backendRef"));
        }
    }

    private static void backend(JsonNode ref) {
        put(ref, "group", "");
        put(ref, "kind", "Service");
    }

    private static void each(JsonNode list, String field, String value) {
        if (list instanceof ArrayNode) {
            list.forEach(e -> put(e, field, value));
        }
    }

    private static void put(JsonNode n, String field, String value) {
        if (n instanceof ObjectNode o && isAbsent(o, field)) {
            o.put(field, value);
        }
    }

    private static boolean isAbsent(ObjectNode o, String field) {
        return !o.hasNonNull(field);
    }
}
