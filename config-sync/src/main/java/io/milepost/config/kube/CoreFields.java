package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Looks for fields of Kubernetes' own objects, Gateways and GatewayClasses that have no effect here, so that nothing is
 * dropped in silence. What the kubelet or whoever deploys a waypoint reads is none of a mesh's business and needs no word.
 */
final class CoreFields {
    /** Fields of spec by kind that are read, or that others read. */
    private static final Map<String, Set<String>> KNOWN = new HashMap<>();

    /** Fields that exist but mean nothing at a waypoint although their author may think so. */
    private static final Map<String, Map<String, String>> WITHOUT_EFFECT = new HashMap<>();

    static {
        KNOWN.put(
                "Service",
                Set.of(
                        "selector",
                        "ports",
                        "clusterIP",
                        "clusterIPs",
                        "type",
                        "externalName",
                        "publishNotReadyAddresses",
                        "internalTrafficPolicy",
                        "trafficDistribution",
                        "ipFamilies",
                        "ipFamilyPolicy",
                        "externalIPs",
                        "externalTrafficPolicy",
                        "healthCheckNodePort",
                        "loadBalancerIP",
                        "loadBalancerClass",
                        "loadBalancerSourceRanges",
                        "allocateLoadBalancerNodePorts"));
        WITHOUT_EFFECT.put(
                "Service",
                Map.of(
                        "sessionAffinity",
                        "a waypoint balances requests: use consistentHash of a DestinationRule",
                        "sessionAffinityConfig",
                        "a waypoint balances requests: use consistentHash of a DestinationRule"));
        KNOWN.put("Gateway", Set.of("gatewayClassName", "listeners", "infrastructure", "addresses", "defaultScope"));
        WITHOUT_EFFECT.put(
                "Gateway",
                Map.of(
                        "allowedListeners",
                        "a waypoint has its HBONE listener only",
                        "backendTLS",
                        "a waypoint presents its own certificate to pods; use a BackendTLSPolicy for applications",
                        "tls",
                        "a waypoint speaks the mesh's mutual TLS only"));
        KNOWN.put("GatewayClass", Set.of("controllerName", "parametersRef", "description"));
        KNOWN.put(
                "Pod",
                Set.of(
                        "activeDeadlineSeconds",
                        "affinity",
                        "automountServiceAccountToken",
                        "containers",
                        "dnsConfig",
                        "dnsPolicy",
                        "enableServiceLinks",
                        "ephemeralContainers",
                        "hostAliases",
                        "hostIPC",
                        "hostNetwork",
                        "hostPID",
                        "hostUsers",
                        "hostname",
                        "hostnameOverride",
                        "imagePullSecrets",
                        "initContainers",
                        "nodeName",
                        "nodeSelector",
                        "os",
                        "overhead",
                        "preemptionPolicy",
                        "priority",
                        "priorityClassName",
                        "readinessGates",
                        "resourceClaims",
                        "resources",
                        "restartPolicy",
                        "runtimeClassName",
                        "schedulerName",
                        "schedulingGates",
                        "securityContext",
                        "serviceAccount",
                        "serviceAccountName",
                        "setHostnameAsFQDN",
                        "shareProcessNamespace",
                        "subdomain",
                        "terminationGracePeriodSeconds",
                        "tolerations",
                        "topologySpreadConstraints",
                        "volumes",
                        "workloadRef"));
        KNOWN.put("Namespace", Set.of("finalizers"));
        KNOWN.put(
                "Node",
                Set.of("podCIDR", "podCIDRs", "providerID", "taints", "unschedulable", "externalID", "configSource"));
    }

    private static final Set<String> SERVICE_PORT =
            Set.of("name", "port", "protocol", "targetPort", "appProtocol", "nodePort");

    private static final Set<String> LISTENER = Set.of("name", "port", "protocol", "allowedRoutes");

    private CoreFields() {}

    static void report(KubeObjects objects, Report report) {
        KNOWN.keySet().forEach(kind -> objects.ofKind(kind).forEach(o -> report(o, report)));
    }

    static void report(KubeObject o, Report report) {
        Set<String> known = KNOWN.get(o.kind());
        if (known == null) {
            return;
        }
        Map<String, String> idle = WITHOUT_EFFECT.getOrDefault(o.kind(), Map.of());
        report.in(Report.part(o), () -> {
            o.spec().properties().forEach(e -> field(o, e.getKey(), e.getValue(), known, idle, report));
            if (o.kind().equals("Service")) {
                ports(o, report);
            }
            if (o.kind().equals("Gateway") && Waypoints.isWaypoint(o)) {
                listeners(o, report);
            }
        });
    }

    private static void ports(KubeObject s, Report report) {
        int i = 0;
        for (JsonNode p : s.spec().path("ports")) {
            String at = "spec.ports[" + i++ + "].";
            p.properties().forEach(e -> {
                if (!SERVICE_PORT.contains(e.getKey())) {
                    report.add(Finding.warning(
                            s.ref(at + e.getKey()),
                            "ignored: a port has no such field; mend its spelling or remove it"));
                }
            });
        }
    }

    private static void field(
            KubeObject o, String name, JsonNode value, Set<String> known, Map<String, String> idle, Report report) {
        if (value.isNull()
                || known.contains(name)
                || name.equals("sessionAffinity") && value.asText().equals("None")) {
            return;
        }
        String why = idle.get(name);
        report.add(Finding.warning(
                o.ref("spec." + name),
                why != null
                        ? "ignored: " + why
                        : "ignored: a " + o.kind() + " has no such field; mend its spelling or remove it"));
    }

    private static void listeners(KubeObject g, Report report) {
        int i = 0;
        for (JsonNode l : g.spec().path("listeners")) {
            String at = "spec.listeners[" + i++ + "]";
            String protocol = l.path("protocol").asText("");
            if (!protocol.equals("HBONE")) {
                report.add(Finding.warning(
                        g.ref(at + ".protocol"),
                        "ignored: a waypoint serves HBONE only, not '" + protocol + "'; remove the listener"));
                continue;
            }
            l.properties().forEach(e -> {
                if (!LISTENER.contains(e.getKey()) && !e.getValue().isNull()) {
                    report.add(Finding.warning(
                            g.ref(at + "." + e.getKey()),
                            "ignored: this field has no effect at a waypoint; remove it"));
                }
            });
            if (l.path("allowedRoutes").has("kinds")) {
                report.add(Finding.warning(
                        g.ref(at + ".allowedRoutes.kinds"),
                        "ignored: routes are bound to services, not to the waypoint; remove it"));
            }
        }
    }
}
