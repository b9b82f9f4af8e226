package io.milepost.bench.peer;

import static io.milepost.bench.peer.Json.extension;
import static io.milepost.bench.peer.Json.message;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What istiod makes of the HTTPRoute and the AuthorizationPolicy of {@link MilepostConfig}. */
final class EnvoyRealistic {
    private EnvoyRealistic() {}

    static List<Map<String, Object>> routes(String stable, String canary) {
        Map<String, Object> toCanary = message(
                "name",
                "default.web.0",
                "match",
                message(
                        "prefix",
                        "/",
                        "headers",
                        List.of(message("name", Workload.CANARY_HEADER, "string_match", message("exact", "true")))),
                "route",
                EnvoyService.action("cluster", canary),
                "request_headers_to_add",
                List.of(header("x-lane", "canary", true)));
        Map<String, Object> split = message(
                "name",
                "default.web.1",
                "match",
                message("prefix", "/"),
                "route",
                EnvoyService.action(
                        "weighted_clusters",
                        message(
                                "clusters",
                                List.of(message("name", stable, "weight", 90), message("name", canary, "weight", 10)))),
                "request_headers_to_add",
                List.of(header("x-lane", "stable", true), header("x-via", "waypoint", false)),
                "request_headers_to_remove",
                List.of("x-debug"),
                "response_headers_to_add",
                List.of(header("x-served-by", "mesh", true)));
        return List.of(toCanary, split);
    }

    private static Map<String, Object> header(String name, String value, boolean overwrite) {
        return message(
                "header",
                message("key", name, "value", value),
                "append_action",
                overwrite ? "OVERWRITE_IF_EXISTS_OR_ADD" : "APPEND_IF_EXISTS_OR_ADD");
    }

    static Map<String, Object> policy() {
        Map<String, Object> policies = message();
        for (int i = 0; i < Workload.RULES - 1; i++) {
            policies.put(name(i), rule("exact", "spiffe://cluster.local/ns/team-" + i + "/sa/app", "/team-" + i + "/"));
        }
        policies.put(
                name(Workload.RULES - 1),
                rule("prefix", "spiffe://cluster.local/ns/default/sa/", Workload.ADMITTED_PATH));
        return extension(
                "envoy.filters.http.rbac",
                "envoy.extensions.filters.http.rbac.v3.RBAC",
                "rules",
                message("action", "ALLOW", "policies", policies));
    }

    private static String name(int i) {
        return "ns[default]-policy[clients]-rule[" + i + "]";
    }

    private static Map<String, Object> rule(String kind, String principal, String path) {
        List<Object> methods = new ArrayList<>();
        for (String m : List.of("GET", "POST")) {
            methods.add(message("header", message("name", ":method", "string_match", message("exact", m))));
        }
        return message(
                "permissions",
                List.of(message(
                        "and_rules",
                        message(
                                "rules",
                                List.of(
                                        message("or_rules", message("rules", methods)),
                                        message(
                                                "or_rules",
                                                message(
                                                        "rules",
                                                        List.of(message(
                                                                "url_path",
                                                                message("path", message("prefix", path)))))))))),
                "principals",
                List.of(message(
                        "and_ids",
                        message(
                                "ids",
                                List.of(message(
                                        "or_ids",
                                        message(
                                                "ids",
                                                List.of(message(
                                                        "filter_state",
                                                        message(
                                                                "key",
                                                                EnvoyConfig.PEER,
                                                                "string_match",
                                                                message(kind, principal)))))))))));
    }
}
