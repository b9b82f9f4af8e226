package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Maps, lists and values as YAML gives them, as a tree. The same as Jackson's {@code valueToTree}, which writes everything
 * into a buffer first and costs several times as much.
 */
final class JsonTrees {
    /** As deep as Jackson writes; what is deeper contains itself. */
    private static final int DEEPEST = 1000;

    private static final JsonNodeFactory F = JsonNodeFactory.instance;
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonTrees() {}

    /** @throws IllegalArgumentException for what JSON cannot say */
    static JsonNode of(@Nullable Object value) {
        return of(value, 0);
    }

    private static JsonNode of(@Nullable Object value, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("an anchor contains itself: write it out");
        }
        if (value instanceof String s) {
            return F.textNode(s);
        }
        if (value instanceof Map<?, ?> m) {
            return map(m, depth);
        }
        if (value instanceof List<?> l) {
            ArrayNode out = F.arrayNode(l.size());
            for (Object e : l) {
                out.add(of(e, depth + 1));
            }
            return out;
        }
        if (value == null) {
            return F.nullNode();
        }
        if (value instanceof Integer i) {
            return F.numberNode(i.intValue());
        }
        if (value instanceof Boolean b) {
            return F.booleanNode(b);
        }
        if (value instanceof Long l) {
            return F.numberNode(l.longValue());
        }
        if (value instanceof Double d) {
            return F.numberNode(d.doubleValue());
        }
        return value instanceof BigInteger i ? F.numberNode(i) : JSON.valueToTree(value);
    }

    private static JsonNode map(Map<?, ?> m, int depth) {
        ObjectNode out = F.objectNode();
        for (Map.Entry<?, ?> e : m.entrySet()) {
            if (e.getKey() instanceof String
                    || e.getKey() instanceof Integer
                    || e.getKey() instanceof Long
                    || e.getKey() instanceof Boolean) {
                out.set(e.getKey().toString(), of(e.getValue(), depth + 1));
            } else {
                // Keys such as dates and lists, as Jackson writes them, or not.
                return JSON.valueToTree(m);
            }
        }
        return out;
    }
}
