package io.milepost.config.kube.authz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Checks of what a policy looks like: an unknown or empty field must not widen what is allowed. */
final class Shape {
    private Shape() {}

    static void object(JsonNode n, String field, Set<String> known) {
        if (!n.isObject()) {
            throw new PolicyException(field, "must be an object with " + new TreeSet<>(known));
        }
        n.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw new PolicyException(
                        field.isEmpty() ? name : field + "." + name,
                        "is not a known field; known are " + new TreeSet<>(known));
            }
        });
    }

    static void nonEmptyObject(JsonNode n, String field, Set<String> known) {
        object(n, field, known);
        boolean any = false;
        for (String k : known) {
            any |= !strings(n, field, k).isEmpty();
        }
        if (!any) {
            throw new PolicyException(field, "is empty; leave it out to match everything, or add one of " + known);
        }
    }

    /** An absent list is empty; null counts as absent. */
    static List<JsonNode> list(JsonNode n, String field, String name) {
        JsonNode l = n.path(name);
        if (l.isMissingNode() || l.isNull()) {
            return List.of();
        }
        if (!l.isArray()) {
            throw new PolicyException(field + "." + name, "must be a list");
        }
        List<JsonNode> out = new ArrayList<>();
        l.forEach(out::add);
        return out;
    }

    static List<String> strings(JsonNode n, String field, String name) {
        List<String> out = new ArrayList<>();
        for (JsonNode v : list(n, field, name)) {
            if (!v.isValueNode() || v.asText("").isEmpty()) {
                throw new PolicyException(field + "." + name, "must hold strings that are not empty");
            }
            out.add(v.asText());
        }
        return out;
    }
}
