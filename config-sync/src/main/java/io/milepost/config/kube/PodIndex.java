package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Pods by address, by name and by label, so that a service need not look at all of them. */
final class PodIndex {
    private final List<PodModel> all;
    private final Set<String> uids = new HashSet<>();
    private final Map<String, PodModel> byAddress = new HashMap<>();
    private final Map<String, PodModel> byName = new HashMap<>();
    private final Map<Label, List<PodModel>> byLabel = new HashMap<>();

    private record Label(String namespace, String key, String value) {}

    PodIndex(List<PodModel> pods) {
        all = List.copyOf(pods);
        for (PodModel p : all) {
            uids.add(p.uid());
            p.addresses().forEach(a -> byAddress.merge(a, p, (x, y) -> x.isPod() || !y.isPod() ? x : y));
            if (p.isPod()) {
                byName.put(p.namespace() + "/" + p.name(), p);
            }
            p.labels()
                    .forEach((k, v) -> byLabel.computeIfAbsent(new Label(p.namespace(), k, v), l -> new ArrayList<>())
                            .add(p));
        }
    }

    boolean has(PodModel pod) {
        return uids.contains(pod.uid());
    }

    List<PodModel> all() {
        return all;
    }

    /** Of two on one address a pod comes before what was written down. */
    Optional<PodModel> byAddress(String address) {
        return Optional.ofNullable(byAddress.get(address));
    }

    Optional<PodModel> byName(String namespace, String name) {
        return Optional.ofNullable(byName.get(namespace + "/" + name));
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
