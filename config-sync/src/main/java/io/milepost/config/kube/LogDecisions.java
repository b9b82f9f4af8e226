package io.milepost.config.kube;

import io.milepost.mesh.SourceRef;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which providers log, out of what Telemetry objects say at several levels (istiod's mergeLogs): the last level that names
 * providers says which count; each further entry speaks of the providers of the one before, if it names none; filters
 * belong to providers.
 */
final class LogDecisions {
    /**
     * One entry of {@code accessLogging}.
     *
     * @param served whether its match is for servers, which is what a waypoint is
     */
    record Entry(List<String> providers, boolean disabled, boolean served, String filter, SourceRef source) {
        Entry {
            providers = List.copyOf(providers);
        }
    }

    /** What counts for a provider in the end. */
    record Decision(boolean disabled, String filter, SourceRef source) {}

    private LogDecisions() {}

    /**
     * By the name of the provider.
     *
     * @param levels without those that say nothing of access logs
     * @param defaults the providers of the mesh config
     */
    static Map<String, Decision> of(List<List<Entry>> levels, List<String> defaults, SourceRef mesh) {
        Map<String, Decision> out = new TreeMap<>();
        if (levels.isEmpty()) {
            defaults.forEach(p -> out.put(p, new Decision(false, "", mesh)));
            return out;
        }
        Set<String> counting = new HashSet<>(defaults);
        Map<String, String> filters = new HashMap<>();
        for (List<Entry> level : levels) {
            Set<String> names = new HashSet<>();
            for (Entry e : level) {
                if (e.served()) {
                    names.addAll(e.providers());
                    e.providers().forEach(p -> filters.put(p, e.filter()));
                }
            }
            if (!names.isEmpty()) {
                counting = names;
            }
        }
        List<String> spokenOf = defaults;
        for (List<Entry> level : levels) {
            for (Entry e : level) {
                spokenOf = e.providers().isEmpty() ? spokenOf : e.providers();
                for (String p : spokenOf) {
                    if (e.served() && counting.contains(p)) {
                        String filter = e.disabled() ? "" : filters.getOrDefault(p, "");
                        out.put(p, new Decision(e.disabled(), filter, e.source()));
                    }
                }
            }
        }
        return out;
    }
}
