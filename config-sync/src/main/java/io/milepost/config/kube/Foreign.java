package io.milepost.config.kube;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Clusters of services that others serve: they exist only as long as a service of this waypoint names them. */
final class Foreign {
    private final Set<String> all = new TreeSet<>();
    private final Set<String> named = new TreeSet<>();
    private final Map<String, Set<String>> byService = new HashMap<>();

    /** Where the service in hand writes whom it names. */
    Set<String> named() {
        return named;
    }

    /** Ends the work on a service; false when it does not name the same ones as before. */
    boolean take(ServiceModel s) {
        Set<String> now = Set.copyOf(named);
        takeRest();
        return now.equals(byService.put(s.host(), now));
    }

    /** What was named on behalf of no service. */
    void takeRest() {
        all.addAll(named);
        named.clear();
    }

    List<String> all() {
        return List.copyOf(all);
    }

    List<String> of(String host) {
        return all.stream().filter(name -> name.endsWith("|" + host)).toList();
    }
}
