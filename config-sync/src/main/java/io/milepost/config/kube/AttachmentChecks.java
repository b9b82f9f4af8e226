package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.config.kube.ObjectStatus.Condition;
import io.milepost.config.kube.ObjectStatus.Parent;
import io.milepost.config.kube.ParentRef.ServiceKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Policies that look applied and are not, and services that look bound to a waypoint and are not. */
final class AttachmentChecks {
    /** Policies with targetRefs, and whether somebody relies on them for safety. */
    private static final Map<String, Boolean> POLICIES = Map.of(
            "AuthorizationPolicy", true,
            "RequestAuthentication", true,
            "Telemetry", false,
            "WasmPlugin", false,
            "TrafficExtension", false);

    private static final Set<String> GROUPS = Set.of("security.istio.io", "telemetry.istio.io", "extensions.istio.io");

    private final KubeObjects objects;
    private final ServiceRegistry registry;
    private final MeshConfig mesh;
    private final Waypoints waypoints;
    private final Map<ServiceKey, ServiceModel> services = new HashMap<>();
    private final List<ObjectStatus> statuses = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();

    AttachmentChecks(KubeObjects objects, ServiceRegistry registry, MeshConfig mesh) {
        this.objects = objects;
        this.registry = registry;
        this.mesh = mesh;
        this.waypoints = new Waypoints(objects, new Report());
        registry.all().forEach(s -> services.putIfAbsent(ServiceKey.of(s.info()), s));
    }

    void run() {
        for (String kind : new String[] {"Service", "ServiceEntry"}) {
            objects.ofKind(kind).forEach(o -> binding(o, true));
        }
        objects.ofKind("WorkloadEntry").forEach(o -> binding(o, false));
        objects.ofKind("Gateway").forEach(this::gateway);
        for (Map.Entry<String, Boolean> e : POLICIES.entrySet()) {
            for (KubeObject o : objects.ofKind(e.getKey())) {
                if (GROUPS.contains(o.group())) {
                    policy(o, e.getValue());
                }
            }
        }
        for (KubeObject o : objects.ofKind("AuthorizationPolicy")) {
            if (targets(o).isEmpty()) {
                hiddenClients(o);
            }
        }
    }

    List<ObjectStatus> statuses() {
        return statuses;
    }

    List<Finding> findings() {
        return findings;
    }

    private void binding(KubeObject o, boolean service) {
        Waypoints.Binding b = waypoints.binding(o.labels(), o.namespace(), service);
        if (!b.reason().isEmpty()) {
            boolean bound = b.waypoint().isPresent();
            statuses.add(one(o, "", new Condition("istio.io/WaypointBound", bound, b.reason(), b.message())));
        }
    }

    private void gateway(KubeObject g) {
        if (!Waypoints.isWaypoint(g)) {
            statuses.add(one(
                    g,
                    "",
                    new Condition(
                            "Accepted",
                            false,
                            ObjectStatus.NOT_A_WAYPOINT,
                            "it is no waypoint, so it is left to an ingress")));
            return;
        }
        GatewayRef ref = new GatewayRef(g.namespace(), g.name());
        long served = registry.all().stream().filter(s -> s.ownedBy(ref)).count();
        String message = served == 0
                ? "nothing is attached to it: set the label istio.io/use-waypoint on a namespace or service"
                : served + (served == 1 ? " service is" : " services are") + " attached to it";
        statuses.add(one(g, "", new Condition("Accepted", true, "Accepted", message)));
    }

    private static ObjectStatus one(KubeObject o, String parent, Condition condition) {
        return new ObjectStatus(o.ref(), List.of(new Parent(parent, List.of(condition))));
    }

    private static List<JsonNode> targets(KubeObject o) {
        List<JsonNode> out = new ArrayList<>();
        o.spec().path("targetRefs").forEach(out::add);
        if (o.spec().path("targetRef").isObject()) {
            out.add(o.spec().path("targetRef"));
        }
        return out;
    }

    private void policy(KubeObject o, boolean security) {
        List<Parent> parents = new ArrayList<>();
        for (JsonNode t : targets(o)) {
            String name = t.path("kind").asText() + " " + o.namespace() + "/"
                    + t.path("name").asText();
            Condition c = target(o, t);
            parents.add(new Parent(name, List.of(c)));
            if (!c.status()) {
                String message = c.message() + "; the policy has no effect there";
                findings.add(
                        security
                                ? Finding.error(o.ref("spec.targetRefs"), message)
                                : Finding.warning(o.ref("spec.targetRefs"), message));
            }
        }
        if (!parents.isEmpty()) {
            statuses.add(new ObjectStatus(o.ref(), parents));
        }
    }

    private Condition target(KubeObject o, JsonNode t) {
        String kind = t.path("kind").asText("");
        String name = t.path("name").asText("");
        String ns = o.namespace();
        switch (kind) {
            case "Service", "ServiceEntry" -> {
                ServiceModel s = services.get(new ServiceKey(kind, ns, name));
                if (s == null) {
                    return no(
                            "TargetNotFound",
                            "there is no " + kind + " " + ns + "/" + name + ": mend the name, or "
                                    + "move the policy to the namespace of the service");
                }
                if (s.waypoint().isEmpty()) {
                    return no(
                            "AncestorNotBound",
                            kind + " " + ns + "/" + name + " has no waypoint, so nobody enforces "
                                    + "the policy: set the label istio.io/use-waypoint on it or on its namespace");
                }
            }
            case "Gateway" -> {
                Optional<KubeObject> g = objects.find("Gateway", ns, name);
                if (g.isEmpty()) {
                    return no("TargetNotFound", "there is no Gateway " + ns + "/" + name + ": mend the name");
                }
            }
            case "GatewayClass" -> {
                String root = mesh.settings().rootNamespace();
                if (!ns.equals(root)) {
                    return no(
                            "Invalid",
                            "a GatewayClass is a target in the root namespace only: move the policy to " + root);
                }
            }
            default -> {
                return no("Invalid", "'" + kind + "' cannot be a target: use Service, ServiceEntry or Gateway");
            }
        }
        return new Condition("WaypointAccepted", true, "Accepted", "the policy is enforced");
    }

    private static Condition no(String reason, String message) {
        return new Condition("WaypointAccepted", false, reason, message);
    }

    /** Behind a waypoint a ztunnel sees the waypoint, not the client. */
    private void hiddenClients(KubeObject policy) {
        boolean names = false;
        for (JsonNode rule : policy.spec().path("rules")) {
            for (JsonNode from : rule.path("from")) {
                JsonNode source = from.path("source");
                names |= source.has("principals")
                        || source.has("namespaces")
                        || source.has("serviceAccounts")
                        || source.has("notPrincipals")
                        || source.has("notNamespaces");
            }
        }
        if (!names) {
            return;
        }
        JsonNode labels = policy.spec().path("selector").path("matchLabels");
        boolean root = policy.namespace().equals(mesh.settings().rootNamespace());
        for (ServiceModel s : registry.all()) {
            boolean inside = root || s.info().namespace().equals(policy.namespace());
            if (!inside || s.waypoint().isEmpty()) {
                continue;
            }
            GatewayRef w = s.waypoint().get();
            boolean hit = s.endpoints().stream().anyMatch(m -> selects(labels, m.labels()));
            if (hit && !policy.spec().toString().contains("/sa/" + w.name())) {
                findings.add(Finding.warning(
                        policy.ref("spec.rules"),
                        "pods of " + s.info().kind() + " " + s.info().name() + " stand behind waypoint " + w
                                + ", whose identity is all that their ztunnels see of clients: attach the policy with "
                                + "targetRefs to the service, or name the principal of the waypoint"));
                return;
            }
        }
    }

    private static boolean selects(JsonNode matchLabels, Map<String, String> labels) {
        for (Map.Entry<String, JsonNode> e : matchLabels.properties()) {
            if (!e.getValue().asText().equals(labels.get(e.getKey()))) {
                return false;
            }
        }
        return true;
    }
}
