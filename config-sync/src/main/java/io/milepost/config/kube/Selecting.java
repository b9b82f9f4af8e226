package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Which services pick pods by labels, found by one label of each selector. */
final class Selecting {
    private record Picker(Map<String, String> selector, Set<String> hosts) {}

    /** Label to the object (kind/namespace/name) to what it picks, and for which hosts. */
    private final Map<Label, Map<String, Picker>> pickers = new HashMap<>();

    Selecting(KubeObjects objects) {
        objects.ofKind("Service").forEach(this::put);
        objects.ofKind("ServiceEntry").forEach(this::put);
    }

    void put(KubeObject o) {
        Map<String, String> selector = selector(o);
        if (!selector.isEmpty()) {
            pickers.computeIfAbsent(label(o, selector), l -> new HashMap<>(2))
                    .put(o.kind() + "/" + o.key(), new Picker(selector, hosts(o)));
        }
    }

    void remove(KubeObject o) {
        Map<String, String> selector = selector(o);
        if (!selector.isEmpty()) {
            Label label = label(o, selector);
            Map<String, Picker> of = pickers.get(label);
            if (of != null) {
                of.remove(o.kind() + "/" + o.key());
                if (of.isEmpty()) {
                    pickers.remove(label);
                }
            }
        }
    }

    private static Label label(KubeObject o, Map<String, String> selector) {
        Map.Entry<String, String> e = selector.entrySet().iterator().next();
        return new Label(o.namespace(), e.getKey(), e.getValue());
    }

    static Map<String, String> selector(KubeObject o) {
        if (o.kind().equals("Service")) {
            return KubeServices.selector(o);
        }
        Map<String, String> out = new TreeMap<>();
        for (Map.Entry<String, JsonNode> e :
                o.spec().path("workloadSelector").path("labels").properties()) {
            out.put(e.getKey(), e.getValue().asText());
        }
        return out;
    }

    private static Set<String> hosts(KubeObject o) {
        if (o.kind().equals("Service")) {
            return Set.of(o.name() + "." + o.namespace() + ServiceRegistry.DOMAIN);
        }
        Set<String> out = new HashSet<>();
        o.spec().path("hosts").forEach(h -> out.add(h.asText()));
        return out;
    }

    /** Hosts of the services that pick a pod. */
    Set<String> hosts(PodModel p) {
        Set<String> out = new HashSet<>();
        p.labels().forEach((k, v) -> {
            for (Picker x : pickers.getOrDefault(new Label(p.namespace(), k, v), Map.of())
                    .values()) {
                if (p.matches(x.selector())) {
                    out.addAll(x.hosts());
                }
            }
        });
        return out;
    }
}
