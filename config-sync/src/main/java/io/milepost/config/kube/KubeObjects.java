package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * All objects of one moment, by kind, in istiod's order: oldest first, then by name and namespace. Two collections of
 * the same objects are alike whatever order the files had.
 */
public final class KubeObjects {
    /** istiod's sortByCreationComparator: creation time, then name, then namespace. */
    public static final Comparator<KubeObject> ORDER = KubeObjects::compare;

    private final Map<String, List<KubeObject>> byKind;
    /** With an empty name. */
    private final Map<ObjectKey, List<KubeObject>> byNamespace;

    private final Map<ObjectKey, KubeObject> byKey;
    /** By kind; made when somebody asks. */
    private final Map<String, Attachments> attachments = new HashMap<>();

    /** A later object of the same kind, namespace and name replaces an earlier one. */
    public KubeObjects(Collection<KubeObject> objects) {
        Map<ObjectKey, KubeObject> keyed = new LinkedHashMap<>(objects.size() * 2);
        for (KubeObject o : objects) {
            keyed.put(ObjectKey.of(o), o);
        }
        Map<String, List<KubeObject>> kinds = new HashMap<>();
        for (KubeObject o : keyed.values()) {
            kinds.computeIfAbsent(o.kind(), k -> new ArrayList<>()).add(o);
        }
        Map<ObjectKey, List<KubeObject>> namespaces = new HashMap<>();
        kinds.forEach((kind, list) -> {
            list.sort(ORDER);
            for (KubeObject o : list) {
                namespaces
                        .computeIfAbsent(new ObjectKey(kind, o.namespace(), ""), k -> new ArrayList<>())
                        .add(o);
            }
        });
        kinds.replaceAll((k, list) -> Collections.unmodifiableList(list));
        namespaces.replaceAll((k, list) -> Collections.unmodifiableList(list));
        byKind = kinds;
        byNamespace = namespaces;
        byKey = keyed;
    }

    // No chain of comparators: most of a first translation runs before anything is compiled.
    private static int compare(KubeObject a, KubeObject b) {
        int c = a.created().compareTo(b.created());
        c = c == 0 ? a.name().compareTo(b.name()) : c;
        return c == 0 ? a.namespace().compareTo(b.namespace()) : c;
    }

    /** Brings up to date; for whoever made this collection and shows it to nobody who keeps what it read. */
    void replace(Collection<KubeObject> put, Collection<KubeObject> removed) {
        for (KubeObject o : removed) {
            byKey.remove(ObjectKey.of(o));
            replace(byKind, o.kind(), o, false);
            replace(byNamespace, new ObjectKey(o.kind(), o.namespace(), ""), o, false);
            attached(o.kind(), a -> a.remove(o));
        }
        for (KubeObject o : put) {
            byKey.put(ObjectKey.of(o), o);
            replace(byKind, o.kind(), o, true);
            replace(byNamespace, new ObjectKey(o.kind(), o.namespace(), ""), o, true);
            attached(o.kind(), a -> a.put(o));
        }
    }

    private void attached(String kind, Consumer<Attachments> change) {
        Attachments known = attachments.get(kind);
        if (known != null) {
            change.accept(known);
        }
    }

    private Attachments attachments(String kind) {
        return attachments.computeIfAbsent(kind, k -> new Attachments(ofKind(k)));
    }

    /** Objects of a kind that may reach a service or its waypoint by a target; in {@link #ORDER}. */
    public List<KubeObject> targeting(String kind, ServiceInfo service, GatewayInfo waypoint, String gatewayClass) {
        Attachments all = attachments(kind);
        return Attachments.join(
                service.isDirect() ? List.of() : all.targeting(service.namespace(), service.kind(), service.name()),
                all.targeting(waypoint.namespace(), "Gateway", waypoint.name()),
                all.targeting(waypoint.mesh().rootNamespace(), "GatewayClass", gatewayClass));
    }

    /** Whether an object of a kind may name this very service as its target. */
    boolean isTargeted(String kind, ServiceInfo service) {
        return !service.isDirect()
                && !attachments(kind)
                        .targeting(service.namespace(), service.kind(), service.name())
                        .isEmpty();
    }

    /** Objects of a kind in a namespace whose selector may pick something with these labels. */
    public List<KubeObject> selecting(String kind, String namespace, Map<String, String> labels) {
        return attachments(kind).selecting(namespace, labels);
    }

    /** Objects of a kind in a namespace that have neither a target nor a selector. */
    public List<KubeObject> plain(String kind, String namespace) {
        return attachments(kind).plain(namespace);
    }

    @SuppressWarnings("ReferenceEquality") // the very version that is known
    private static <K> void replace(Map<K, List<KubeObject>> lists, K key, KubeObject o, boolean put) {
        List<KubeObject> changed = new ArrayList<>(lists.getOrDefault(key, List.of()));
        if (put) {
            int at = Collections.binarySearch(changed, o, ORDER);
            changed.add(at < 0 ? -at - 1 : at, o);
        } else {
            changed.removeIf(x -> x == o);
        }
        lists.put(key, Collections.unmodifiableList(changed));
    }

    public List<KubeObject> ofKind(String kind) {
        return byKind.getOrDefault(kind, List.of());
    }

    public List<KubeObject> ofKind(String kind, String namespace) {
        return byNamespace.getOrDefault(new ObjectKey(kind, namespace, ""), List.of());
    }

    public Optional<KubeObject> find(String kind, String namespace, String name) {
        return Optional.ofNullable(byKey.get(new ObjectKey(kind, namespace, name)));
    }

    public Collection<KubeObject> all() {
        return Collections.unmodifiableCollection(byKey.values());
    }

    /** Labels of a namespace; empty when the namespace was not written down. */
    public Map<String, String> namespaceLabels(String namespace) {
        return find("Namespace", "", namespace).map(KubeObject::labels).orElse(Map.of());
    }
}
