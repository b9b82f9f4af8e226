package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which fields of one object were read. They are kept by the node that holds them and not by their paths: those would have
 * to be put together for each field of each rule, and are wanted only for the few that nobody read.
 */
@SuppressWarnings("IdentityHashMapUsage") // a node stands at one place of one object
final class ReadFields {
    /** A map or a list of the object. */
    private static final class Container {
        /** Null before anybody took it; true when it was taken with all that is below. */
        private @Nullable Boolean whole;
        /** Names of plain values that were taken. */
        private Set<String> values = Set.of();

        boolean isSame(Container c) {
            return Objects.equals(whole, c.whole) && values.equals(c.values);
        }
    }

    private final Map<JsonNode, Container> containers = new IdentityHashMap<>();

    private Container of(JsonNode container) {
        Container c = containers.get(container);
        if (c == null) {
            c = new Container();
            containers.put(container, c);
        }
        return c;
    }

    /** @param whole with all that is below; once it was taken without, that has to be read by itself */
    void take(JsonNode in, String name, JsonNode field, boolean whole) {
        if (field.isContainerNode()) {
            Container c = of(field);
            c.whole = whole && (c.whole == null || c.whole);
        } else {
            Container c = of(in);
            if (c.values.isEmpty()) {
                c.values = new HashSet<>(4);
            }
            c.values.add(name);
        }
    }

    /** An element of a list, which is read by itself. */
    void open(JsonNode element) {
        of(element).whole = false;
    }

    /** With all that is below, whatever was taken before. */
    void takeAll(JsonNode container) {
        of(container).whole = true;
    }

    /** Null when it was not taken; true when it was taken with all that is below. */
    @Nullable
    Boolean whole(JsonNode in, String name, JsonNode field) {
        Container c = containers.get(field.isContainerNode() ? field : in);
        if (c == null) {
            return null;
        }
        return field.isContainerNode() ? c.whole : c.values.contains(name) ? true : null;
    }

    boolean isSame(@Nullable ReadFields other) {
        if (other == null || containers.size() != other.containers.size()) {
            return false;
        }
        for (Map.Entry<JsonNode, Container> e : containers.entrySet()) {
            Container there = other.containers.get(e.getKey());
            if (there == null || !e.getValue().isSame(there)) {
                return false;
            }
        }
        return true;
    }
}
