package io.milepost.waypoint.admin;

import io.milepost.mesh.MeshSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The snapshot in force as JSON; every piece carries the object and field that it came from, where the model has it. */
final class ConfigDump {
    private ConfigDump() {}

    /**
     * @param resource one of the parts; empty for all
     * @param name shows only entries whose name holds this text; empty for all
     */
    static Answer render(MeshSnapshot s, String resource, String name) {
        Map<String, Supplier<Object>> parts = new LinkedHashMap<>();
        parts.put("dispatch", s::dispatch);
        parts.put("httpChains", () -> named(s.httpChains(), name));
        parts.put("tcpChains", () -> named(s.tcpChains(), name));
        parts.put("clusters", () -> named(s.clusters(), name));
        parts.put("endpoints", () -> named(s.endpoints(), name));
        parts.put("workloads", () -> workloads(s, name));
        parts.put("services", () -> named(s.services(), name));
        parts.put("l4Policies", s::l4Policies);
        parts.put("settings", s::settings);
        parts.put("refusedLogs", s::refusedLogs);
        if (!resource.isEmpty() && !parts.containsKey(resource)) {
            return Answer.text(400, "resource \"" + resource + "\" is not one of " + parts.keySet() + "\n");
        }
        Map<String, Object> dump = new LinkedHashMap<>();
        dump.put("version", s.version());
        parts.forEach((part, value) -> {
            if (resource.isEmpty() || resource.equals(part)) {
                dump.put(part, value.get());
            }
        });
        return Answer.json(Json.text(dump));
    }

    private static Map<String, Object> named(Map<String, ?> all, String name) {
        Map<String, Object> out = new java.util.TreeMap<>();
        all.forEach((key, value) -> {
            if (key.contains(name)) {
                out.put(key, value);
            }
        });
        return out;
    }

    private static List<Object> workloads(MeshSnapshot s, String name) {
        List<Object> out = new ArrayList<>();
        s.workloads().all().stream()
                .filter(w -> w.uid().contains(name))
                .sorted(java.util.Comparator.comparing(io.milepost.mesh.Workload::uid))
                .forEach(out::add);
        return out;
    }
}
