package io.milepost.config.kube;

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

    private Coverage() {}

    static void report(KubeObjects objects, Report report) {
        for (KubeObject o : objects.all()) {
            if (!READ.contains(o.kind()) && GROUPS.contains(o.group())) {
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
