package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All objects of one moment, by kind, in istiod's order: oldest first, then by name and namespace. Two collections of
 * the same objects are alike whatever order the files had.
 */
public final class KubeObjects {
    /** istiod's sortByCreationComparator: creation time, then name, then namespace. */
    public static final Comparator<KubeObject> ORDER = Comparator.comparing(KubeObject::created)
            .thenComparing(KubeObject::name)
            .thenComparing(KubeObject::namespace);

    private final Map<String, List<KubeObject>> byKind;
    private final Map<String, List<KubeObject>> byNamespace;
    private final Map<String, KubeObject> byKey;

    /** A later object of the same kind, namespace and name replaces an earlier one. */
    public KubeObjects(Collection<KubeObject> objects) {
        Map<String, KubeObject> keyed = new LinkedHashMap<>();
        for (KubeObject o : objects) {
            keyed.put(o.kind() + "/" + o.key(), o);
        }
        Map<String, List<KubeObject>> kinds = new HashMap<>();
        for (KubeObject o : keyed.values()) {
            kinds.computeIfAbsent(o.kind(), k -> new ArrayList<>()).add(o);
        }
        kinds.replaceAll((k, list) -> list.stream().sorted(ORDER).toList());
        byKind = Map.copyOf(kinds);
        Map<String, List<KubeObject>> namespaces = new HashMap<>();
        byKind.forEach((kind, list) -> list.forEach(o -> namespaces
                .computeIfAbsent(kind + "/" + o.namespace(), k -> new ArrayList<>())
                .add(o)));
        namespaces.replaceAll((k, list) -> List.copyOf(list));
        byNamespace = Map.copyOf(namespaces);
        byKey = Map.copyOf(keyed);
    }

    public List<KubeObject> ofKind(String kind) {
        return byKind.getOrDefault(kind, List.of());
    }

    public List<KubeObject> ofKind(String kind, String namespace) {
        return byNamespace.getOrDefault(kind + "/" + namespace, List.of());
    }

    public Optional<KubeObject> find(String kind, String namespace, String name) {
        return Optional.ofNullable(byKey.get(kind + "/" + namespace + "/" + name));
    }

    public Collection<KubeObject> all() {
        return byKey.values();
    }

    /** Labels of a namespace; empty when the namespace was not written down. */
    public Map<String, String> namespaceLabels(String namespace) {
        return find("Namespace", "", namespace).map(KubeObject::labels).orElse(Map.of());
    }
}
