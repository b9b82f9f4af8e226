package io.milepost.config.kube.authz;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.GatewayInfo;
import io.milepost.config.kube.KubeObject;
import io.milepost.config.kube.ServiceInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Where a policy holds. With a target it belongs to waypoints and never reaches a ztunnel; without one (selector, or a
 * whole namespace) it belongs to ztunnels and never reaches a waypoint.
 */
final class Attachment {
    private static final String GATEWAY_API = "gateway.networking.k8s.io";
    static final String WAYPOINT_CLASS = "istio-waypoint";

    private Attachment() {}

    static List<JsonNode> targets(KubeObject policy) {
        List<JsonNode> out = new ArrayList<>();
        JsonNode one = policy.spec().path("targetRef");
        if (one.isObject()) {
            out.add(one);
        }
        policy.spec().path("targetRefs").forEach(out::add);
        return out;
    }

    static boolean hasTarget(KubeObject policy) {
        return !targets(policy).isEmpty();
    }

    static boolean attaches(KubeObject policy, ServiceInfo service, GatewayInfo waypoint) {
        for (JsonNode t : targets(policy)) {
            if (attaches(policy, t, service, waypoint)) {
                return true;
            }
        }
        return false;
    }

    private static boolean attaches(KubeObject policy, JsonNode t, ServiceInfo service, GatewayInfo waypoint) {
        String name = t.path("name").asText("");
        String ns = policy.namespace();
        String elsewhere = t.path("namespace").asText("");
        if (!elsewhere.isEmpty() && !elsewhere.equals(ns)) {
            return false;
        }
        String kind = t.path("kind").asText("");
        return switch (kind) {
            case "Service", "ServiceEntry" ->
                !service.isDirect()
                        && service.kind().equals(kind)
                        && ns.equals(service.namespace())
                        && name.equals(service.name());
            case "Gateway" -> ns.equals(waypoint.namespace()) && name.equals(waypoint.name());
            case "GatewayClass" -> ns.equals(waypoint.mesh().rootNamespace()) && name.equals(WAYPOINT_CLASS);
            default -> false;
        };
    }

    /** What has no effect, or not the expected one. */
    static void check(KubeObject policy, String rootNamespace, Consumer<Finding> report) {
        int i = 0;
        for (JsonNode t : targets(policy)) {
            String field =
                    policy.spec().path("targetRefs").isArray() ? "spec.targetRefs[" + i++ + "]" : "spec.targetRef";
            String kind = t.path("kind").asText("");
            String group = t.path("group").asText("");
            Set<String> groups = switch (kind) {
                case "Service" -> Set.of("", "core");
                case "ServiceEntry" -> Set.of("networking.istio.io");
                case "Gateway", "GatewayClass" -> Set.of(GATEWAY_API);
                default -> Set.of();
            };
            if (groups.isEmpty()) {
                report.accept(
                        Finding.error(
                                policy.ref(field),
                                "kind \"" + kind
                                        + "\" cannot be a target, so the policy protects nothing there; use Service, ServiceEntry, Gateway or GatewayClass"));
            } else if (!groups.contains(group)) {
                report.accept(Finding.warning(
                        policy.ref(field + ".group"),
                        "\"" + group + "\" is not the group of " + kind + "; it is read as one of " + groups));
            }
            String elsewhere = t.path("namespace").asText("");
            if (!elsewhere.isEmpty() && !elsewhere.equals(policy.namespace())) {
                report.accept(Finding.error(
                        policy.ref(field + ".namespace"),
                        "a policy cannot reach into another namespace and has no effect there; move it to "
                                + elsewhere));
            }
            if (kind.equals("GatewayClass")
                    && (!policy.namespace().equals(rootNamespace)
                            || !t.path("name").asText("").equals(WAYPOINT_CLASS))) {
                report.accept(Finding.warning(
                        policy.ref(field),
                        "a GatewayClass target has an effect only for " + WAYPOINT_CLASS + " and in the root namespace "
                                + rootNamespace));
            }
        }
        if (hasTarget(policy) && policy.spec().has("selector")) {
            report.accept(Finding.warning(
                    policy.ref("spec.selector"), "has no effect beside targetRefs; remove one of them"));
        }
    }

    /** Whether the selector picks a pod; a policy without one does not. */
    static boolean selects(KubeObject policy, Map<String, String> podLabels) {
        JsonNode labels = policy.spec().path("selector").path("matchLabels");
        for (Map.Entry<String, JsonNode> e : labels.properties()) {
            if (!e.getValue().asText().equals(podLabels.get(e.getKey()))) {
                return false;
            }
        }
        return hasSelector(policy);
    }

    static boolean hasSelector(KubeObject policy) {
        return !policy.spec().path("selector").path("matchLabels").isEmpty();
    }
}
