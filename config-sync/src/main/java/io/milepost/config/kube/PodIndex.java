package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Pods by address, by name and by label, so that a service need not look at all of them. Not thread-safe. */
@SuppressWarnings("ReferenceEquality") // the very version that is known
final class PodIndex {
    /** By kind, namespace and name. */
    static final Comparator<PodModel> ORDER = PodIndex::compare;

    private final List<PodModel> all = new ArrayList<>();
    private final Map<String, PodModel> byUid = new HashMap<>();
    private final Map<String, PodModel> byAddress = new HashMap<>();
    private final Map<Label, List<PodModel>> byLabel = new HashMap<>();

    private static int compare(PodModel a, PodModel b) {
        int c = a.kind().compareTo(b.kind());
        c = c == 0 ? a.namespace().compareTo(b.namespace()) : c;
        return c == 0 ? a.name().compareTo(b.name()) : c;
    }

    /** @param pods in {@link #ORDER} */
    PodIndex(List<PodModel> pods) {
        for (PodModel p : pods) {
            all.add(p);
            byUid.put(p.uid(), p);
            p.addresses().forEach(a -> byAddress.merge(a, p, PodIndex::preferred));
            p.labels()
                    .forEach((k, v) -> byLabel.computeIfAbsent(new Label(p.namespace(), k, v), l -> new ArrayList<>(1))
                            .add(p));
        }
    }

    private static PodModel preferred(PodModel x, PodModel y) {
        return x.isPod() || !y.isPod() ? x : y;
    }

    /** Whether several have the same kind, namespace and name; they cannot be replaced one by one. */
    boolean isTwice(PodModel p) {
        int at = Collections.binarySearch(all, p, ORDER);
        return at >= 0
                && (at > 0 && ORDER.compare(all.get(at - 1), p) == 0
                        || at + 1 < all.size() && ORDER.compare(all.get(at + 1), p) == 0);
    }

    /** Takes one in that was not there. */
    void put(PodModel p) {
        insert(all, p);
        byUid.put(p.uid(), p);
        p.labels()
                .forEach((k, v) ->
                        insert(byLabel.computeIfAbsent(new Label(p.namespace(), k, v), l -> new ArrayList<>(1)), p));
        p.addresses().forEach(this::find);
    }

    /** Forgets one that is there once. */
    void remove(PodModel p) {
        all.removeIf(x -> x == p);
        byUid.remove(p.uid());
        p.labels().forEach((k, v) -> {
            Label label = new Label(p.namespace(), k, v);
            List<PodModel> with = byLabel.getOrDefault(label, List.of());
            if (with.size() == 1) {
                byLabel.remove(label);
            } else {
                with.removeIf(x -> x == p);
            }
        });
        p.addresses().forEach(this::find);
    }

    private static void insert(List<PodModel> list, PodModel p) {
        int at = Collections.binarySearch(list, p, ORDER);
        list.add(at < 0 ? -at - 1 : at, p);
    }

    private void find(String address) {
        PodModel found = null;
        for (PodModel p : all) {
            if (p.addresses().contains(address)) {
                found = found == null ? p : preferred(found, p);
            }
        }
        if (found == null) {
            byAddress.remove(address);
        } else {
            byAddress.put(address, found);
        }
    }

    Optional<PodModel> byUid(String uid) {
        return Optional.ofNullable(byUid.get(uid));
    }

    List<PodModel> all() {
        return Collections.unmodifiableList(all);
    }

    /** Of two on one address a pod comes before what was written down. */
    Optional<PodModel> byAddress(String address) {
        return Optional.ofNullable(byAddress.get(address));
    }

    Optional<PodModel> byName(String namespace, String name) {
        return Optional.ofNullable(byUid.get(PodModel.uid(namespace, name)));
    }

    /** In the order of all; an empty selector selects nothing. */
    List<PodModel> selected(String namespace, Map<String, String> selector) {
        List<PodModel> few = null;
        for (Map.Entry<String, String> e : selector.entrySet()) {
            List<PodModel> with = byLabel.getOrDefault(new Label(namespace, e.getKey(), e.getValue()), List.of());
            if (few == null || with.size() < few.size()) {
                few = with;
            }
        }
        return few == null
                ? List.of()
                : few.stream().filter(p -> p.matches(selector)).toList();
    }
}
