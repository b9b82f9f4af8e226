package io.milepost.waypoint.admin;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A request to one of the operators' ports.
 *
 * @param query names without {@code =} have an empty value
 */
record Question(String method, String path, Map<String, String> query) {
    Question {
        query = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(query));
    }

    boolean isPost() {
        return method.equals("POST");
    }

    String parameter(String name) {
        return query.getOrDefault(name, "");
    }
}
