package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One element of {@code match}: an own one, or one of a delegate narrowed by one of the root.
 *
 * @param root empty when nobody narrows it
 */
record MatchEntry(Fields own, Optional<Fields> root) {
    private static final String[] STRINGS = {"uri", "scheme", "method", "authority"};
    private static final String[] MAPS = {"headers", "withoutHeaders", "queryParams"};

    /** All pairs of a root's and a delegate's match that fit; empty when one of the delegate's fits none of the root. */
    static Optional<List<MatchEntry>> combine(List<Fields> root, List<Fields> delegate) {
        if (root.isEmpty() || delegate.isEmpty()) {
            return Optional.of((root.isEmpty() ? delegate : root)
                    .stream().map(m -> new MatchEntry(m, Optional.empty())).toList());
        }
        List<MatchEntry> out = new ArrayList<>();
        for (Fields d : delegate) {
            int before = out.size();
            for (Fields r : root) {
                if (!conflict(r, d)) {
                    out.add(new MatchEntry(d, Optional.of(r)));
                }
            }
            if (out.size() == before) {
                return Optional.empty();
            }
        }
        return Optional.of(out);
    }

    /** Whether the delegate's element reaches beyond the root's. */
    private static boolean conflict(Fields root, Fields own) {
        for (String s : STRINGS) {
            if (conflict(root.peek(s), own.peek(s))) {
                return true;
            }
        }
        for (String map : MAPS) {
            for (Map.Entry<String, JsonNode> e : own.peek(map).properties()) {
                if (conflict(root.peek(map).path(e.getKey()), e.getValue())) {
                    return true;
                }
            }
        }
        if (sourcesConflict(root, own) || gatewaysConflict(root, own)) {
            return true;
        }
        int rootPort = root.peek("port").asInt(0);
        int ownPort = own.peek("port").asInt(0);
        return rootPort != 0 && ownPort != 0 && rootPort != ownPort
                || root.peek("ignoreUriCase").asBoolean(false)
                        != own.peek("ignoreUriCase").asBoolean(false);
    }

    /** Both say whose requests are meant. */
    private static boolean sourcesConflict(Fields root, Fields own) {
        String namespace = root.peek("sourceNamespace").asText("");
        if (!namespace.isEmpty()
                && !namespace.equals(own.peek("sourceNamespace").asText(""))) {
            return true;
        }
        for (Map.Entry<String, JsonNode> e : own.peek("sourceLabels").properties()) {
            JsonNode there = root.peek("sourceLabels").path(e.getKey());
            if (!there.isMissingNode() && !there.equals(e.getValue())) {
                return true;
            }
        }
        return false;
    }

    /** A delegate names gateways of the root, or none. */
    private static boolean gatewaysConflict(Fields root, Fields own) {
        Set<String> there = new HashSet<>();
        root.peek("gateways").forEach(g -> there.add(g.asText()));
        if (there.isEmpty()) {
            return false;
        }
        for (JsonNode g : own.peek("gateways")) {
            if (!there.contains(g.asText())) {
                return true;
            }
        }
        return false;
    }

    /** An expression may reach anywhere; a prefix may be lengthened; an exact value can only be repeated. */
    private static boolean conflict(JsonNode root, JsonNode own) {
        if (root.isMissingNode() || root.isNull() || own.isMissingNode() || own.isNull()) {
            return false;
        }
        if (root.hasNonNull("regex") || own.hasNonNull("regex")) {
            return true;
        }
        String narrower = own.path("exact").asText(own.path("prefix").asText(""));
        if (root.hasNonNull("exact")) {
            return own.hasNonNull("prefix")
                    || !own.path("exact").asText("").equals(root.path("exact").asText());
        }
        return !root.hasNonNull("prefix")
                || narrower.isEmpty()
                || !narrower.startsWith(root.path("prefix").asText());
    }

    Fields holding(String field) {
        return own.has(field) ? own : root.filter(r -> r.has(field)).orElse(own);
    }

    boolean has(String field) {
        return holding(field).has(field);
    }

    /** Whether a map of that name has entries here or there. */
    boolean names(String map) {
        return !naming(map).peek(map).isEmpty();
    }

    Fields naming(String map) {
        return own.peek(map).isEmpty() ? root.orElse(own) : own;
    }

    Fields at(String field) {
        return holding(field).at(field);
    }

    String text(String field) {
        return holding(field).text(field, "");
    }

    int integer(String field) {
        return holding(field).integer(field, 0);
    }

    List<String> texts(String field) {
        return holding(field).texts(field);
    }

    /** Of both; the delegate's replace equal keys of the root. Sorted by key. */
    Map<String, Fields> objects(String field) {
        Map<String, Fields> out = new TreeMap<>();
        root.ifPresent(r -> out.putAll(r.objects(field)));
        out.putAll(own.objects(field));
        return out;
    }

    String name() {
        return HttpEntry.joined(root.map(r -> r.text("name", "")).orElse(""), own.text("name", ""));
    }
}
