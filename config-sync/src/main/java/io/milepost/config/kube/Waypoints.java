package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which waypoint a service or a workload is attached to. */
final class Waypoints {
    private static final String USE = "istio.io/use-waypoint";
    private static final String FOR = "istio.io/waypoint-for";
    private final KubeObjects objects;
    private final Report report;

    Waypoints(KubeObjects objects, Report report) {
        this.objects = objects;
        this.report = report;
    }

    /** Whether a Gateway is a waypoint at all: by its class or by an HBONE listener. */
    static boolean isWaypoint(KubeObject gateway) {
        if (gateway.spec().path("gatewayClassName").asText().endsWith("-waypoint")) {
            return true;
        }
        for (JsonNode l : gateway.spec().path("listeners")) {
            if (l.path("protocol").asText().equals("HBONE")) {
                return true;
            }
        }
        return false;
    }

    /**
     * What came of a binding.
     *
     * @param waypoint that it is bound to
     * @param reason of the condition {@code istio.io/WaypointBound}; empty when nobody asked for a waypoint
     * @param own whether the object asked itself; a namespace's wish that does not fit is no mistake of the object
     */
    record Binding(Optional<GatewayRef> waypoint, String reason, String message, boolean own) {
        static final Binding NONE = new Binding(Optional.empty(), "", "", false);

        private static Binding refused(boolean own, String reason, String message) {
            return new Binding(Optional.empty(), reason, message, own);
        }
    }

    Optional<GatewayRef> ofService(KubeObject service, Map<String, String> labels) {
        return reported(binding(labels, service.namespace(), true), service);
    }

    /** @param origin the object for messages; empty for pods that nobody wrote down */
    Optional<GatewayRef> ofWorkload(PodModel pod, Optional<KubeObject> origin) {
        return reported(binding(pod.labels(), pod.namespace(), false), origin.orElse(null));
    }

    private Optional<GatewayRef> reported(Binding b, @Nullable KubeObject o) {
        if (o != null && b.waypoint().isEmpty() && !b.message().isEmpty()) {
            report.add(Finding.warning(o.ref("metadata.labels"), b.message()));
        }
        return b.waypoint();
    }

    Binding binding(Map<String, String> labels, String namespace, boolean service) {
        String managed = labels.getOrDefault(Pods.MANAGED, "");
        if (managed.equals("istio.io-mesh-controller") || managed.equals("istio.io-eastwest-controller")) {
            return Binding.NONE;
        }
        boolean own = labels.containsKey(USE);
        Map<String, String> from = own ? labels : objects.namespaceLabels(namespace);
        String name = from.getOrDefault(USE, "");
        if (name.isEmpty() || name.equals("none")) {
            return Binding.NONE;
        }
        String ns = from.getOrDefault("istio.io/use-waypoint-namespace", namespace);
        String title = "the waypoint " + ns + "/" + name;
        Optional<KubeObject> gateway = objects.find("Gateway", ns, name);
        if (gateway.isEmpty()) {
            return Binding.refused(
                    own,
                    "WaypointIsNotReady",
                    title + " does not exist, traffic bypasses it: create that Gateway or mend the label " + USE);
        }
        String types = trafficTypes(gateway.get());
        if (!types.equals("all") && !types.equals(service ? "service" : "workload")) {
            return own
                    ? Binding.refused(
                            true,
                            "UnsupportedTrafficType",
                            title + " takes traffic for '" + types + "' only: set its label " + FOR + " to all")
                    : Binding.NONE;
        }
        if (!allowed(gateway.get(), namespace)) {
            return Binding.refused(
                    own,
                    "AttachmentDenied",
                    title + " does not admit namespace " + namespace
                            + ": set allowedRoutes.namespaces of its HBONE listener");
        }
        return new Binding(
                Optional.of(new GatewayRef(ns, name)),
                "WaypointAccepted",
                "Successfully attached to waypoint " + ns + "/" + name,
                own);
    }

    private String trafficTypes(KubeObject gateway) {
        String own = gateway.label(FOR);
        if (!own.isEmpty()) {
            return own;
        }
        String ofClass = objects.find(
                        "GatewayClass",
                        "",
                        gateway.spec().path("gatewayClassName").asText())
                .map(c -> c.label(FOR))
                .orElse("");
        return ofClass.isEmpty() ? "service" : ofClass;
    }

    private boolean allowed(KubeObject gateway, String namespace) {
        JsonNode namespaces = null;
        for (JsonNode l : gateway.spec().path("listeners")) {
            if (l.path("protocol").asText().equals("HBONE") && l.path("port").asInt(15008) == 15008) {
                namespaces = l.path("allowedRoutes").path("namespaces");
                break;
            }
        }
        String from = namespaces == null ? "Same" : namespaces.path("from").asText("Same");
        return switch (from) {
            case "All" -> true;
            case "Selector" ->
                namespaces != null
                        && Selectors.matches(namespaces.path("selector"), objects.namespaceLabels(namespace));
            default -> gateway.namespace().equals(namespace);
        };
    }
}
