package io.milepost.config.kube;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Which kinds of one namespace may name services of another. */
final class ReferenceGrants {
    /** @param name empty for all of the namespace */
    private record Grant(String fromGroup, String fromKind, String fromNamespace, String kind, String name) {}

    private final Map<String, Set<Grant>> byNamespace = new HashMap<>();

    ReferenceGrants(KubeObjects objects, Report report) {
        for (KubeObject g : objects.ofKind("ReferenceGrant")) {
            Fields spec = report.open(g).at("spec");
            Set<Grant> grants = byNamespace.computeIfAbsent(g.namespace(), n -> new HashSet<>());
            for (Fields to : spec.list("to")) {
                String kind = to.text("group", "") + "/" + to.text("kind", "");
                String name = to.text("name", "");
                for (Fields from : spec.list("from")) {
                    grants.add(new Grant(
                            from.text("group", ""), from.text("kind", ""), from.text("namespace", ""), kind, name));
                }
            }
        }
    }

    boolean allow(KubeObject from, BackendRef to) {
        return !to.isService()
                || to.namespace().equals(from.namespace())
                || allow(from, "/Service", to.namespace(), to.name());
    }

    /** @param kind group and kind of the target, for example {@code /Service} */
    boolean allow(KubeObject from, String kind, String namespace, String name) {
        Set<Grant> grants = byNamespace.getOrDefault(namespace, Set.of());
        return grants.contains(new Grant(from.group(), from.kind(), from.namespace(), kind, ""))
                || grants.contains(new Grant(from.group(), from.kind(), from.namespace(), kind, name));
    }
}
