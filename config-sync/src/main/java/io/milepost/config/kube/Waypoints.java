package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;

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

    Optional<GatewayRef> ofService(KubeObject service, Map<String, String> labels) {
        return resolve(service, labels, service.namespace(), true);
    }

    /** @param origin the object for messages; empty for pods that nobody wrote down */
    Optional<GatewayRef> ofWorkload(PodModel pod, Optional<KubeObject> origin) {
        return resolve(origin.orElse(null), pod.labels(), pod.namespace(), false);
    }

    private Optional<GatewayRef> resolve(
            @org.jspecify.annotations.Nullable KubeObject o,
            Map<String, String> labels,
            String namespace,
            boolean service) {
        String managed = labels.getOrDefault(Pods.MANAGED, "");
        if (managed.equals("istio.io-mesh-controller") || managed.equals("istio.io-eastwest-controller")) {
            return Optional.empty();
        }
        boolean own = labels.containsKey(USE);
        Map<String, String> from = own ? labels : objects.namespaceLabels(namespace);
        String name = from.getOrDefault(USE, "");
        if (name.isEmpty() || name.equals("none")) {
            return Optional.empty();
        }
        String ns = from.getOrDefault("istio.io/use-waypoint-namespace", namespace);
        Optional<KubeObject> gateway = objects.find("Gateway", ns, name);
        if (gateway.isEmpty()) {
            warn(
                    o,
                    "the waypoint " + ns + "/" + name + " does not exist, traffic bypasses it: create that Gateway or "
                            + "mend the label " + USE);
            return Optional.empty();
        }
        String types = trafficTypes(gateway.get());
        boolean fits = types.equals("all") || types.equals(service ? "service" : "workload");
        if (!fits) {
            if (own) {
                warn(
                        o,
                        "the waypoint " + ns + "/" + name + " takes traffic for '" + types + "' only: set its label "
                                + FOR + " to all");
            }
            return Optional.empty();
        }
        if (!allowed(gateway.get(), namespace)) {
            warn(
                    o,
                    "the waypoint " + ns + "/" + name + " does not admit namespace " + namespace
                            + ": set allowedRoutes.namespaces of its HBONE listener");
            return Optional.empty();
        }
        return Optional.of(new GatewayRef(ns, name));
    }

    private void warn(@org.jspecify.annotations.Nullable KubeObject o, String message) {
        if (o != null) {
            report.add(Finding.warning(o.ref("metadata.labels"), message));
        }
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
