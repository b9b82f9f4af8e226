package io.milepost.bench.peer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Short ways to write protobuf's JSON. */
final class Json {
    private static final String TYPES = "type.googleapis.com/";

    private Json() {}

    /** A message of fields, names and values alternating. */
    static Map<String, Object> message(Object... fields) {
        Map<String, Object> out = new LinkedHashMap<>();
        for (int i = 0; i < fields.length; i += 2) {
            out.put((String) fields[i], fields[i + 1]);
        }
        return out;
    }

    /** An Any. */
    static Map<String, Object> typed(String type, Object... fields) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("@type", TYPES + type);
        out.putAll(message(fields));
        return out;
    }

    /** An Envoy extension of a name and a typed configuration. */
    static Map<String, Object> extension(String name, String type, Object... fields) {
        return message("name", name, "typed_config", typed(type, fields));
    }

    static Map<String, Object> socketAddress(String host, int port) {
        return message("socket_address", message("address", host, "port_value", port));
    }

    static Map<String, Object> internalAddress(Map<String, Object> fields) {
        return message("address", message("envoy_internal_address", fields));
    }

    /** The load assignment of a cluster. */
    static Map<String, Object> assignment(String cluster, List<?> endpoints) {
        return message("cluster_name", cluster, "endpoints", List.of(message("lb_endpoints", endpoints)));
    }
}
