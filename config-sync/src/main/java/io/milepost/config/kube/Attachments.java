package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The objects of one kind by what they are attached to (targetRef, targetRefs, selector), so that nobody has to look at
 * all of them for each service and each pod. What is found are candidates: whoever asks judges what an attachment means
 * for its kind.
 */
final class Attachments {
    private final Map<ObjectKey, List<KubeObject>> byTarget = new HashMap<>();
    /** By one label of a selector; with an empty key for a selector that has none that could be looked up. */
    private final Map<Label, List<KubeObject>> byLabel = new HashMap<>();

    private final Map<String, List<KubeObject>> plain = new HashMap<>();

    /** @param objects of one kind, in {@link KubeObjects#ORDER} */
    Attachments(List<KubeObject> objects) {
        objects.forEach(o -> change(o, true));
    }

    void put(KubeObject o) {
        change(o, true);
    }

    /** Forgets this very version. */
    void remove(KubeObject o) {
        change(o, false);
    }

    private void change(KubeObject o, boolean put) {
        List<JsonNode> targets = targets(o);
        for (JsonNode t : targets) {
            change(
                    byTarget,
                    new ObjectKey(
                            t.path("kind").asText(""),
                            o.namespace(),
                            t.path("name").asText("")),
                    o,
                    put);
        }
        JsonNode labels = o.spec().path("selector").path("matchLabels");
        if (!labels.isEmpty()) {
            Label one = new Label(o.namespace(), "", "");
            for (Map.Entry<String, JsonNode> e : labels.properties()) {
                one = new Label(o.namespace(), e.getKey(), e.getValue().asText());
                break;
            }
            change(byLabel, one, o, put);
        }
        if (targets.isEmpty() && labels.isEmpty()) {
            change(plain, o.namespace(), o, put);
        }
    }

    @SuppressWarnings("ReferenceEquality") // the very version that is known
    private static <K> void change(Map<K, List<KubeObject>> lists, K key, KubeObject o, boolean put) {
        if (put) {
            List<KubeObject> list = lists.computeIfAbsent(key, k -> new ArrayList<>(1));
            int last = list.size() - 1;
            if (last < 0 || KubeObjects.ORDER.compare(list.get(last), o) < 0) {
                list.add(o);
                return;
            }
            int at = Collections.binarySearch(list, o, KubeObjects.ORDER);
            if (at < 0) {
                list.add(-at - 1, o);
            }
        } else {
            List<KubeObject> list = lists.get(key);
            if (list != null) {
                list.removeIf(x -> x == o);
                if (list.isEmpty()) {
                    lists.remove(key);
                }
            }
        }
    }

    static List<JsonNode> targets(KubeObject o) {
        List<JsonNode> out = new ArrayList<>();
        JsonNode one = o.spec().path("targetRef");
        if (!one.isMissingNode() && !one.isNull()) {
            out.add(one);
        }
        o.spec().path("targetRefs").forEach(out::add);
        return out;
    }

    List<KubeObject> targeting(String namespace, String kind, String name) {
        return byTarget.getOrDefault(new ObjectKey(kind, namespace, name), List.of());
    }

    /** Those whose selector may pick something with these labels. */
    List<KubeObject> selecting(String namespace, Map<String, String> labels) {
        List<KubeObject> out = new ArrayList<>(byLabel.getOrDefault(new Label(namespace, "", ""), List.of()));
        labels.forEach((k, v) -> out.addAll(byLabel.getOrDefault(new Label(namespace, k, v), List.of())));
        return out;
    }

    /** Those with neither a target nor labels to select. */
    List<KubeObject> plain(String namespace) {
        return plain.getOrDefault(namespace, List.of());
    }

    /** All of some lists, each once, in {@link KubeObjects#ORDER}. */
    @SuppressWarnings("ReferenceEquality") // comparing whole trees would cost more than it is worth
    static List<KubeObject> join(List<KubeObject> a, List<KubeObject> b, List<KubeObject> c) {
        if (b.isEmpty() && c.isEmpty()) {
            return a;
        }
        List<KubeObject> all = new ArrayList<>(a.size() + b.size() + c.size());
        all.addAll(a);
        all.addAll(b);
        all.addAll(c);
        all.sort(KubeObjects.ORDER);
        List<KubeObject> out = new ArrayList<>(all.size());
        for (KubeObject o : all) {
            if (out.isEmpty() || out.getLast() != o) {
                out.add(o);
            }
        }
        return out;
    }
}
