package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What one translation has to say about its input, and which fields it has looked at. Not thread-safe. */
public final class Report {
    private final Set<Finding> findings = new LinkedHashSet<>();
    /** By identity: comparing whole trees would cost more than reading them. */
    private final IdentityHashMap<KubeObject, Map<String, Boolean>> looked = new IdentityHashMap<>();

    public void add(Finding finding) {
        findings.add(finding);
    }

    /** The fields of an object, counted as read when they are read. */
    public Fields open(KubeObject object) {
        return new Fields(object, "", object.root(), this, looked.computeIfAbsent(object, o -> new HashMap<>()));
    }

    /** Reports every field below spec (or data) of the opened objects that nobody has read. */
    public void reportUnread() {
        looked.forEach((object, read) -> {
            JsonNode spec = object.spec();
            if (!spec.isMissingNode() && Boolean.FALSE.equals(read.get("spec"))) {
                unread(object, "spec", spec, read);
            }
        });
    }

    private void unread(KubeObject object, String path, JsonNode node, Map<String, Boolean> read) {
        if (node.isObject()) {
            node.properties().forEach(e -> check(object, path + "." + e.getKey(), e.getValue(), read));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                check(object, path + "[" + i + "]", node.get(i), read);
            }
        }
    }

    private void check(KubeObject object, String path, JsonNode node, Map<String, Boolean> read) {
        Boolean whole = read.get(path);
        if (whole == null) {
            if (!node.isNull()) {
                add(Finding.warning(
                        object.ref(path), "ignored: this field has no effect here; remove it or do not rely on it"));
            }
        } else if (!whole) {
            unread(object, path, node, read);
        }
    }

    /** In a stable order, so that equal input gives an equal report. */
    public List<Finding> findings() {
        return sorted(findings, List.of());
    }

    static List<Finding> sorted(Collection<Finding> some, Collection<Finding> more) {
        Set<Finding> all = new LinkedHashSet<>(some);
        all.addAll(more);
        List<Finding> out = new ArrayList<>(all);
        out.sort(Comparator.comparing(Finding::severity)
                .thenComparing(f -> f.source().toString())
                .thenComparing(Finding::message));
        return List.copyOf(out);
    }

    public List<Finding> errors() {
        return findings().stream()
                .filter(f -> f.severity() == Finding.Severity.ERROR)
                .toList();
    }
}
