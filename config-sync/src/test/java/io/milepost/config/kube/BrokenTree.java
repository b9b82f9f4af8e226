package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Objects with one thing wrong anywhere in them. */
final class BrokenTree {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /** Below these anything may stand: names of labels, headers, ports, keys. */
    private static final Set<String> FREE = Set.of(
            "labels",
            "matchLabels",
            "sourceLabels",
            "selector",
            "headers",
            "withoutHeaders",
            "queryParams",
            "set",
            "add",
            "ports",
            "to",
            "options",
            "data",
            "annotations",
            "claims");

    private BrokenTree() {}

    /** Something of another type stands where a value was. */
    static String replaced(JsonNode object, Random random) {
        ObjectNode copy = object.deepCopy();
        List<Runnable> places = new ArrayList<>();
        places(copy.path("spec"), odd(random), places);
        places(copy.path("metadata"), odd(random), places);
        if (!places.isEmpty()) {
            places.get(random.nextInt(places.size())).run();
        }
        return copy.toString();
    }

    private static JsonNode odd(Random random) {
        return switch (random.nextInt(9)) {
            case 0 -> NODES.numberNode(7);
            case 1 -> NODES.numberNode(-1);
            case 2 -> NODES.textNode("");
            case 3 -> NODES.textNode("99999999999h");
            case 4 -> NODES.arrayNode();
            case 5 -> NODES.arrayNode().add(NODES.objectNode()).add(3);
            case 6 -> NODES.objectNode();
            case 7 -> NODES.nullNode();
            default -> NODES.booleanNode(true);
        };
    }

    private static void places(JsonNode in, JsonNode odd, List<Runnable> out) {
        if (in instanceof ObjectNode o) {
            o.properties().forEach(e -> {
                out.add(() -> o.set(e.getKey(), odd));
                places(e.getValue(), odd, out);
            });
        } else if (in instanceof ArrayNode a) {
            for (int i = 0; i < a.size(); i++) {
                int at = i;
                out.add(() -> a.set(at, odd));
                places(a.get(i), odd, out);
            }
        }
    }

    /** A field that nobody knows stands somewhere below spec. */
    static String marked(JsonNode object, Random random) {
        ObjectNode copy = object.deepCopy();
        List<ObjectNode> maps = new ArrayList<>();
        maps(copy.path("spec"), maps);
        maps.get(random.nextInt(maps.size())).put("unheardOf", 1);
        return copy.toString();
    }

    private static void maps(JsonNode in, List<ObjectNode> out) {
        if (in instanceof ObjectNode o) {
            out.add(o);
            o.properties().forEach(e -> {
                if (!FREE.contains(e.getKey())) {
                    maps(e.getValue(), out);
                } else if (e.getValue() instanceof ArrayNode a) {
                    maps(a, out);
                }
            });
        } else if (in instanceof ArrayNode a) {
            a.forEach(x -> maps(x, out));
        }
    }
}
