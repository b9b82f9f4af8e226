package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.mesh.Locality;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All workloads: Pods, pods that a Deployment would have, WorkloadEntries. */
final class Pods {
    static final String MANAGED = "gateway.istio.io/managed";
    static final String GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";
    private static final Set<String> OWNERS = Set.of("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet");

    private static final List<String> TEMPLATES = List.of("Deployment", "StatefulSet", "DaemonSet");

    private Pods() {}

    /** Sorted by kind, namespace and name. */
    static List<PodModel> of(KubeObjects objects, Report report) {
        List<PodModel> out = new ArrayList<>();
        objects.ofKind("Pod").forEach(p -> out.add(pod(p, objects)));
        PodIndex real = new PodIndex(out.stream().sorted(PodIndex.ORDER).toList());
        for (String kind : TEMPLATES) {
            for (KubeObject o : objects.ofKind(kind)) {
                fromTemplate(o, objects, real, out);
            }
        }
        for (KubeObject g : objects.ofKind("Gateway")) {
            waypointPod(g, out);
        }
        objects.ofKind("WorkloadEntry")
                .forEach(w -> out.add(report.in(Report.part(w), () -> workloadEntry(w, report))));
        addAddresses(out);
        out.sort(PodIndex.ORDER);
        return out;
    }

    private static void addAddresses(List<PodModel> pods) {
        Set<String> taken = new HashSet<>();
        Set<String> without = new HashSet<>();
        for (PodModel p : pods) {
            taken.addAll(p.addresses());
            if (p.addresses().isEmpty() && p.kind().equals("Pod")) {
                without.add(p.namespace() + "/" + p.name());
            }
        }
        Map<String, String> given = Addresses.pods(without, taken);
        pods.replaceAll(p -> {
            String ip = given.get(p.namespace() + "/" + p.name());
            return ip == null || !p.addresses().isEmpty() || !p.kind().equals("Pod") ? p : p.withAddresses(List.of(ip));
        });
    }

    /** Whether somebody wrote an address; other pods are given one. */
    static boolean hasAddress(KubeObject o) {
        JsonNode status = o.root().path("status");
        return !o.kind().equals("Pod") || !status.path("podIPs").isEmpty() || status.hasNonNull("podIP");
    }

    /** Whether an address may be one of those that are given away. */
    static boolean isGiven(String address) {
        return address.startsWith("127.");
    }

    /** The uid that the object's workload has. */
    static String uid(KubeObject o) {
        return o.kind().equals("Pod")
                ? PodModel.uid(o.namespace(), o.name())
                : PodModel.entryUid(o.namespace(), o.name());
    }

    /** One object as a workload; a pod without an address is given one elsewhere. */
    static PodModel of(KubeObject o, KubeObjects objects, Report report) {
        return o.kind().equals("Pod") ? pod(o, objects) : report.in(Report.part(o), () -> workloadEntry(o, report));
    }

    /**
     * Whether pods that a Deployment would have come or go with a pod, because they are there only as long as nobody wrote
     * one of them down.
     *
     * @param before, now labels of the pod; null when it was not or is not there
     * @param changing keys of all pods that change with it
     * @param objects as they are now
     */
    static boolean decides(
            String namespace,
            @Nullable Map<String, String> before,
            @Nullable Map<String, String> now,
            Set<String> changing,
            KubeObjects objects) {
        if (before != null && before.equals(now)) {
            return false;
        }
        for (String kind : TEMPLATES) {
            for (KubeObject o : objects.ofKind(kind, namespace)) {
                Map<String, String> labels =
                        texts(o.spec().path("template").path("metadata").path("labels"));
                boolean was = before != null && before.entrySet().containsAll(labels.entrySet());
                boolean is = now != null && now.entrySet().containsAll(labels.entrySet());
                if (!labels.isEmpty()
                        && was != is
                        && objects.ofKind("Pod", namespace).stream()
                                .noneMatch(p -> !changing.contains(p.key())
                                        && p.labels().entrySet().containsAll(labels.entrySet()))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static PodModel pod(KubeObject p, KubeObjects objects) {
        JsonNode spec = p.spec();
        JsonNode status = p.root().path("status");
        List<String> ips = new ArrayList<>();
        status.path("podIPs").forEach(i -> ips.add(i.path("ip").asText()));
        if (ips.isEmpty() && status.hasNonNull("podIP")) {
            ips.add(status.path("podIP").asText());
        }
        boolean ready = true;
        for (JsonNode c : status.path("conditions")) {
            if (c.path("type").asText().equals("Ready")) {
                ready = c.path("status").asText().equals("True");
            }
        }
        String workload = p.name();
        String type = "pod";
        for (JsonNode o : p.root().path("metadata").path("ownerReferences")) {
            String kind = o.path("kind").asText();
            String name = o.path("name").asText();
            if (o.path("controller").asBoolean(false) && OWNERS.contains(kind)) {
                int dash = name.lastIndexOf('-');
                boolean replicas = kind.equals("ReplicaSet") && dash > 0;
                workload = replicas ? name.substring(0, dash) : name;
                type = replicas ? "deployment" : kind.toLowerCase(java.util.Locale.ROOT);
            }
        }
        String node = spec.path("nodeName").asText("");
        return new PodModel(
                "Pod",
                p.namespace(),
                p.name(),
                p.labels(),
                p.annotations(),
                ips,
                account(spec),
                workload,
                type,
                node,
                locality(node, objects),
                ports(spec),
                1,
                hbone(p.namespace(), p.labels(), p.annotations(), ips.isEmpty(), objects),
                ready);
    }

    /** @param real pods that somebody wrote down */
    private static void fromTemplate(KubeObject o, KubeObjects objects, PodIndex real, List<PodModel> out) {
        JsonNode template = o.spec().path("template");
        Map<String, String> labels = texts(template.path("metadata").path("labels"));
        Map<String, String> annotations = texts(template.path("metadata").path("annotations"));
        if (!real.selected(o.namespace(), labels).isEmpty()) {
            return;
        }
        int replicas =
                o.kind().equals("DaemonSet") ? 1 : o.spec().path("replicas").asInt(1);
        JsonNode spec = template.path("spec");
        for (int i = 0; i < replicas; i++) {
            out.add(new PodModel(
                    "Pod",
                    o.namespace(),
                    o.name() + "-" + i,
                    labels,
                    annotations,
                    List.of(),
                    account(spec),
                    o.name(),
                    o.kind().toLowerCase(java.util.Locale.ROOT),
                    "",
                    Locality.UNKNOWN,
                    ports(spec),
                    1,
                    hbone(o.namespace(), labels, annotations, true, objects),
                    true));
        }
    }

    /** The pod that istiod's Deployment would start for a waypoint Gateway. */
    private static void waypointPod(KubeObject g, List<PodModel> out) {
        if (!Waypoints.isWaypoint(g)) {
            return;
        }
        boolean written = out.stream()
                .anyMatch(p -> p.namespace().equals(g.namespace())
                        && g.name().equals(p.labels().get(GATEWAY_NAME)));
        if (written) {
            return;
        }
        Map<String, String> labels = Map.of(GATEWAY_NAME, g.name(), MANAGED, "istio.io-mesh-controller");
        out.add(new PodModel(
                "Pod",
                g.namespace(),
                g.name() + "-0",
                labels,
                Map.of(),
                List.of(),
                g.name(),
                g.name(),
                "deployment",
                "",
                Locality.UNKNOWN,
                Map.of(),
                1,
                false,
                true));
    }

    /** {@code region/zone/subzone}. */
    static Locality locality(String text) {
        String[] l = text.split("/", -1);
        return new Locality(l[0], l.length > 1 ? l[1] : "", l.length > 2 ? l[2] : "");
    }

    private static PodModel workloadEntry(KubeObject w, Report report) {
        Fields spec = report.open(w).at("spec");
        String address = spec.text("address", "");
        Map<String, String> labels = new TreeMap<>(w.labels());
        labels.putAll(spec.map("labels"));
        Locality locality = locality(spec.text("locality", ""));
        Map<String, Integer> ports = new TreeMap<>();
        Fields named = spec.at("ports");
        spec.map("ports").forEach((k, v) -> ports.put(k, named.integer(k, 0)));
        int weight = Math.max(1, spec.integer("weight", 1));
        if (spec.has("network")) {
            spec.warn("network", "gateways between networks are not served: the workload is reached directly");
            spec.skip("network");
        }
        return new PodModel(
                "WorkloadEntry",
                w.namespace(),
                w.name(),
                labels,
                w.annotations(),
                address.isEmpty() ? List.of() : List.of(address),
                spec.text("serviceAccount", "default"),
                w.name(),
                "pod",
                "",
                locality,
                ports,
                weight,
                "http".equals(labels.get("networking.istio.io/tunnel")),
                true);
    }

    /** Plain demo YAML has no annotations of the CNI: there the namespace's label decides. */
    private static boolean hbone(
            String namespace,
            Map<String, String> labels,
            Map<String, String> annotations,
            boolean addressIsOurs,
            KubeObjects objects) {
        if ("enabled".equals(annotations.get("ambient.istio.io/redirection"))
                || labels.getOrDefault("networking.istio.io/tunnel", "").contains("http")) {
            return true;
        }
        if (!addressIsOurs || labels.containsKey(MANAGED)) {
            return false;
        }
        String mode = labels.getOrDefault(
                "istio.io/dataplane-mode",
                objects.namespaceLabels(namespace).getOrDefault("istio.io/dataplane-mode", ""));
        return mode.equals("ambient");
    }

    private static Locality locality(String node, KubeObjects objects) {
        return objects.find("Node", "", node)
                .map(n -> new Locality(
                        n.label("topology.kubernetes.io/region"),
                        n.label("topology.kubernetes.io/zone"),
                        n.label("topology.istio.io/subzone")))
                .orElse(Locality.UNKNOWN);
    }

    private static String account(JsonNode spec) {
        String sa = spec.path("serviceAccountName").asText("");
        return sa.isEmpty() ? spec.path("serviceAccount").asText("default") : sa;
    }

    private static Map<String, Integer> ports(JsonNode spec) {
        Map<String, Integer> out = new LinkedHashMap<>();
        for (JsonNode c : spec.path("containers")) {
            for (JsonNode p : c.path("ports")) {
                if (p.hasNonNull("name")) {
                    out.put(p.path("name").asText(), p.path("containerPort").asInt());
                }
            }
        }
        return out;
    }

    private static Map<String, String> texts(JsonNode n) {
        Map<String, String> out = new TreeMap<>();
        n.properties().forEach(e -> out.put(e.getKey(), e.getValue().asText()));
        return out;
    }
}
