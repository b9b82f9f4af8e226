package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.mesh.Condition;
import io.milepost.mesh.PolicySet;
import java.util.ArrayList;
import java.util.List;

/**
 * Security objects that are not read yet deny what they are attached to: a RequestAuthentication without effect would
 * let forged tokens pass.
 */
final class FailClosed {
    static final String KIND = "RequestAuthentication";

    private FailClosed() {}

    static PolicySet guard(PolicySet set, KubeObjects objects, ServiceInfo service, GatewayInfo waypoint) {
        List<PolicySet.Policy> deny = new ArrayList<>(set.deny());
        for (KubeObject o : objects.targeting(KIND, service, waypoint, waypoint.gatewayClass())) {
            if (targets(o, service, waypoint)) {
                deny.add(new PolicySet.Policy(
                        "ns[" + o.namespace() + "]-requestauthentication[" + o.name() + "]",
                        new Condition.NotUnderstood("RequestAuthentication is not read yet", o.ref()),
                        o.ref()));
            }
        }
        return deny.size() == set.deny().size()
                ? set
                : new PolicySet(
                        set.custom(),
                        set.audit(),
                        deny,
                        set.allowEnforced(),
                        set.allow(),
                        set.dryRunDeny(),
                        set.dryRunAllow());
    }

    private static boolean targets(KubeObject o, ServiceInfo service, GatewayInfo waypoint) {
        List<JsonNode> refs = new ArrayList<>();
        o.spec().path("targetRefs").forEach(refs::add);
        if (o.spec().hasNonNull("targetRef")) {
            refs.add(o.spec().path("targetRef"));
        }
        for (JsonNode r : refs) {
            String name = r.path("name").asText();
            boolean hit = switch (r.path("kind").asText()) {
                case "Gateway" -> name.equals(waypoint.name()) && o.namespace().equals(waypoint.namespace());
                case "GatewayClass" ->
                    name.equals(waypoint.gatewayClass())
                            && o.namespace().equals(waypoint.mesh().rootNamespace());
                case "Service", "ServiceEntry" ->
                    r.path("kind").asText().equals(service.kind())
                            && name.equals(service.name())
                            && o.namespace().equals(service.namespace());
                default -> false;
            };
            if (hit) {
                return true;
            }
        }
        return false;
    }
}
