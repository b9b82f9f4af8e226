package io.milepost.config.kube;

import io.milepost.mesh.Locality;
import java.util.List;
import java.util.Map;

/**
 * A Pod, a pod of a Deployment that has no Pod written down, a WorkloadEntry, or an endpoint of a ServiceEntry or
 * EndpointSlice.
 *
 * @param portNames container ports by name
 * @param hbone whether a ztunnel in front of it accepts HBONE
 */
record PodModel(
        String kind,
        String namespace,
        String name,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<String> addresses,
        String serviceAccount,
        String workloadName,
        String workloadType,
        String node,
        Locality locality,
        Map<String, Integer> portNames,
        int weight,
        boolean hbone,
        boolean ready) {

    /** Of the pod with this name. */
    static String uid(String namespace, String name) {
        return "Kubernetes//Pod/" + namespace + "/" + name;
    }

    /** Of the WorkloadEntry with this name. */
    static String entryUid(String namespace, String name) {
        return "Kubernetes/networking.istio.io/WorkloadEntry/" + namespace + "/" + name;
    }

    /** The uid that WDS gives. */
    String uid() {
        return switch (kind) {
            case "Pod" -> uid(namespace, name);
            case "WorkloadEntry" -> entryUid(namespace, name);
            case "EndpointSlice" ->
                "Kubernetes/discovery.k8s.io/EndpointSlice/" + namespace + "/" + name + "/" + address();
            default -> "Kubernetes/networking.istio.io/" + kind + "/" + namespace + "/" + name + "/" + address();
        };
    }

    /**
     * An endpoint that is written to another object. Whether it is reached over HBONE is known only from the pod that has
     * its address.
     *
     * @param kind of that object
     * @param account empty when nobody wrote one
     */
    static PodModel written(
            String kind, KubeObject owner, String address, String account, Locality locality, int weight) {
        return new PodModel(
                kind,
                owner.namespace(),
                owner.name(),
                Map.of(),
                Map.of(),
                List.of(address),
                account,
                owner.name(),
                "pod",
                "",
                locality,
                Map.of(),
                weight,
                false,
                true);
    }

    PodModel withAddresses(List<String> other) {
        return new PodModel(
                kind,
                namespace,
                name,
                labels,
                annotations,
                other,
                serviceAccount,
                workloadName,
                workloadType,
                node,
                locality,
                portNames,
                weight,
                hbone,
                ready);
    }

    boolean isPod() {
        return kind.equals("Pod");
    }

    String address() {
        return addresses.isEmpty() ? "" : addresses.getFirst();
    }

    String canonicalName() {
        return first(workloadName, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app");
    }

    String canonicalRevision() {
        return first("latest", "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version");
    }

    private String first(String otherwise, String... keys) {
        for (String k : keys) {
            String v = labels.get(k);
            if (v != null && !v.isEmpty()) {
                return v;
            }
        }
        return otherwise;
    }

    boolean matches(Map<String, String> selector) {
        return !selector.isEmpty() && labels.entrySet().containsAll(selector.entrySet());
    }
}
