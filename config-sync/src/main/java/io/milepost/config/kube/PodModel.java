package io.milepost.config.kube;

import io.milepost.mesh.Locality;
import java.util.List;
import java.util.Map;

/**
 * A Pod, a pod of a Deployment that has no Pod written down, or a WorkloadEntry.
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

    /** The uid that WDS gives. */
    String uid() {
        return kind.equals("Pod")
                ? "Kubernetes//Pod/" + namespace + "/" + name
                : "Kubernetes/networking.istio.io/" + kind + "/" + namespace + "/" + name;
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
