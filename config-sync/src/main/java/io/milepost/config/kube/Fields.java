package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A cursor into an object: typed getters that complain with object, field and mend, and that remember what was read. A
 * field that is missing or null gives the default.
 */
public final class Fields {
    private final KubeObject object;
    private final String path;
    private final JsonNode node;
    private final Report report;

    Fields(KubeObject object, String path, JsonNode node, Report report) {
        this.object = object;
        this.path = path;
        this.node = node;
        this.report = report;
    }

    public SourceRef ref() {
        return object.ref(path);
    }

    public KubeObject object() {
        return object;
    }

    public boolean exists() {
        return !node.isMissingNode() && !node.isNull();
    }

    /** Whether the field is there; does not count as reading it. */
    public boolean has(String name) {
        return node.hasNonNull(name);
    }

    /** A nested object; one without fields when it is missing. */
    public Fields at(String name) {
        JsonNode n = take(name, false);
        if (!n.isMissingNode() && !n.isObject()) {
            wrong(name, "an object", n);
            n = MissingNode.getInstance();
        }
        return child(name, n);
    }

    public Optional<Fields> maybe(String name) {
        return has(name) ? Optional.of(at(name)) : Optional.empty();
    }

    public String text(String name, String otherwise) {
        JsonNode n = take(name, true);
        if (n.isMissingNode()) {
            return otherwise;
        }
        if (!n.isValueNode()) {
            wrong(name, "a text", n);
            return otherwise;
        }
        return n.asText();
    }

    public Optional<String> text(String name) {
        return has(name) ? Optional.of(text(name, "")) : Optional.empty();
    }

    /** A text that has to be there; complains otherwise. */
    public String required(String name) {
        String t = text(name, "");
        if (t.isEmpty()) {
            error(name, "is missing: write a value");
        }
        return t;
    }

    public int integer(String name, int otherwise) {
        JsonNode n = take(name, true);
        if (n.isMissingNode()) {
            return otherwise;
        }
        if (n.canConvertToInt() && n.isIntegralNumber()) {
            return n.asInt();
        }
        if (n.isTextual() && n.asText().matches("-?\\d{1,9}")) {
            return Integer.parseInt(n.asText());
        }
        if (n.isFloatingPointNumber() && n.asDouble() == n.asInt()) {
            return n.asInt();
        }
        wrong(name, "a whole number", n);
        return otherwise;
    }

    public double decimal(String name, double otherwise) {
        JsonNode n = take(name, true);
        if (n.isMissingNode()) {
            return otherwise;
        }
        // A number in quotes is one, too, as in protobuf's JSON.
        if (!n.isNumber() && !(n.isTextual() && n.asText().matches("-?\\d{1,9}(\\.\\d{1,9})?"))) {
            wrong(name, "a number", n);
            return otherwise;
        }
        return n.isNumber() ? n.asDouble() : Double.parseDouble(n.asText());
    }

    public boolean bool(String name, boolean otherwise) {
        JsonNode n = take(name, true);
        if (n.isMissingNode()) {
            return otherwise;
        }
        if (!n.isBoolean()) {
            wrong(name, "true or false", n);
            return otherwise;
        }
        return n.asBoolean();
    }

    /** A duration such as {@code 1.5s}, {@code 500ms} or {@code 1h30m}, in milliseconds. */
    public long millis(String name, long otherwise) {
        JsonNode n = take(name, true);
        if (n.isMissingNode()) {
            return otherwise;
        }
        Optional<Long> ms = Durations.parseMillis(n.asText());
        if (ms.isEmpty()) {
            wrong(name, "a duration such as 1.5s or 500ms", n);
            return otherwise;
        }
        return ms.get();
    }

    /** The elements of a list of objects. */
    public List<Fields> list(String name) {
        JsonNode n = take(name, false);
        List<Fields> out = new ArrayList<>();
        if (n.isMissingNode()) {
            return out;
        }
        if (!n.isArray()) {
            wrong(name, "a list", n);
            return out;
        }
        for (int i = 0; i < n.size(); i++) {
            String element = name + "[" + i + "]";
            if (!n.get(i).isObject()) {
                wrong(element, "an object", n.get(i));
                continue;
            }
            report.read(object).open(n.get(i));
            out.add(child(element, n.get(i)));
        }
        return out;
    }

    public List<String> texts(String name) {
        JsonNode n = take(name, true);
        List<String> out = new ArrayList<>();
        if (n.isMissingNode()) {
            return out;
        }
        if (!n.isArray()) {
            wrong(name, "a list of texts", n);
            return out;
        }
        n.forEach(e -> out.add(e.asText()));
        return out;
    }

    public List<Integer> integers(String name) {
        JsonNode n = take(name, true);
        List<Integer> out = new ArrayList<>();
        n.forEach(e -> out.add(e.asInt()));
        return out;
    }

    /** A map of texts, sorted by key. */
    public Map<String, String> map(String name) {
        JsonNode n = take(name, true);
        Map<String, String> out = new TreeMap<>();
        if (n.isMissingNode()) {
            return out;
        }
        if (!n.isObject()) {
            wrong(name, "a map of texts", n);
            return out;
        }
        n.properties().forEach(e -> out.put(e.getKey(), e.getValue().asText()));
        return out;
    }

    /** A map of objects in the order of the file. */
    public Map<String, Fields> objects(String name) {
        Fields in = at(name);
        Map<String, Fields> out = new LinkedHashMap<>();
        in.node.properties().forEach(e -> out.put(e.getKey(), in.at(e.getKey())));
        return out;
    }

    /** The subtree as it is; counts as read. */
    public JsonNode raw(String name) {
        return take(name, true);
    }

    /** A look that does not count as reading; a missing node when there is no such field. */
    JsonNode peek(String name) {
        JsonNode n = node.path(name);
        return n.isNull() ? MissingNode.getInstance() : n;
    }

    /** Counts as read with everything below. */
    void skipAll() {
        if (node.isContainerNode()) {
            report.read(object).takeAll(node);
        }
    }

    /** Counts as read although it has no effect here, and that is right so. */
    public void skip(String... names) {
        for (String n : names) {
            take(n, true);
        }
    }

    /** Something to know that needs no mending. */
    void info(String name, String message) {
        report.add(Finding.info(object.ref(join(name)), message));
    }

    public void warn(String name, String message) {
        report.add(Finding.warning(object.ref(join(name)), message));
    }

    public void error(String name, String message) {
        report.add(Finding.error(object.ref(join(name)), message));
    }

    private void wrong(String name, String expected, JsonNode found) {
        error(name, "must be " + expected + ", but is " + abbreviate(found.toString()));
    }

    private static String abbreviate(String s) {
        return s.length() > 60 ? s.substring(0, 57) + "..." : s;
    }

    private JsonNode take(String name, boolean whole) {
        JsonNode n = node.path(name);
        if (n.isNull() || n.isMissingNode()) {
            return MissingNode.getInstance();
        }
        report.read(object).take(node, name, n, whole);
        return n;
    }

    private Fields child(String name, JsonNode n) {
        return new Fields(object, join(name), n, report);
    }

    private String join(String name) {
        return path.isEmpty() ? name : name.isEmpty() ? path : path + "." + name;
    }
}
