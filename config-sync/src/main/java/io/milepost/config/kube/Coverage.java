package io.milepost.config.kube;

import java.util.Map;
import java.util.Set;

/** Kinds that are read, kinds that need not be, and a word about all others. */
final class Coverage {
    private static final Set<String> READ = Set.of(
            "Namespace",
            "Node",
            "Pod",
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "Service",
            "EndpointSlice",
            "ConfigMap",
            "Gateway",
            "GatewayClass",
            "HTTPRoute",
            "GRPCRoute",
            "TCPRoute",
            "TLSRoute",
            "BackendTLSPolicy",
            "XBackendTrafficPolicy",
            "ReferenceGrant",
            "ServiceEntry",
            "WorkloadEntry",
            "VirtualService",
            "DestinationRule",
            "AuthorizationPolicy",
            "Telemetry");
    private static final Set<String> GROUPS = Set.of(
            "gateway.networking.k8s.io",
            "gateway.networking.x-k8s.io",
            "networking.istio.io",
            "security.istio.io",
            "telemetry.istio.io",
            "extensions.istio.io",
            "inference.networking.k8s.io");

    /** Kinds that have no meaning at a waypoint, by group and kind, and what to do instead. */
    private static final Map<String, String> ELSEWHERE = Map.of(
            "networking.istio.io/Sidecar",
            "is for sidecars, a waypoint sees all services that are attached to it: use exportTo to hide objects",
            "networking.istio.io/EnvoyFilter",
            "changes Envoy's configuration, which does not exist here: use routes, policies and Telemetry, or keep Istio's "
                    + "own waypoint for this service",
            "networking.istio.io/Gateway",
            "is for ingress and egress gateways, no effect at a waypoint: a waypoint is a Gateway of "
                    + "gateway.networking.k8s.io",
            "networking.istio.io/WorkloadGroup",
            "is a template, no effect at a waypoint: the WorkloadEntries made from it count",
            "networking.istio.io/ProxyConfig",
            "has no effect at a running waypoint: set the number of threads and other process settings where it is "
                    + "started; terminationDrainDuration is read from the mesh config",
            "security.istio.io/PeerAuthentication",
            "has no effect on what a waypoint accepts, HBONE always has mutual TLS; it decides what workloads accept: "
                    + "with STRICT a pod without HBONE cannot be reached from here",
            "extensions.istio.io/WasmPlugin",
            "is not served, this one has no effect here: move its work to an ext_authz provider or to the application",
            "extensions.istio.io/TrafficExtension",
            "is not served, this one has no effect here: move its work to an ext_authz provider or to the application");

    private Coverage() {}

    static void report(KubeObjects objects, Report report) {
        for (KubeObject o : objects.all()) {
            report(o, report);
        }
    }

    static void report(KubeObject o, Report report) {
        if (!READ.contains(o.kind()) || o.group().equals("networking.istio.io")) {
            report.in(Report.part(o), () -> ofGroup(o, report));
        }
    }

    private static void ofGroup(KubeObject o, Report report) {
        if (GROUPS.contains(o.group())) {
            String elsewhere = ELSEWHERE.get(o.group() + "/" + o.kind());
            if (elsewhere != null) {
                boolean lost = o.kind().equals("EnvoyFilter") || o.group().equals("extensions.istio.io");
                report.add(lost ? Finding.warning(o.ref(), elsewhere) : Finding.info(o.ref(), elsewhere));
            } else if (!READ.contains(o.kind())) {
                report.add(Finding.warning(
                        o.ref(),
                        "objects of kind " + o.kind()
                                + (o.kind().equals("RequestAuthentication")
                                        ? " are not read yet: what this one is attached to is denied"
                                        : " are not read yet: this one has no effect here")));
            }
        }
    }
}
