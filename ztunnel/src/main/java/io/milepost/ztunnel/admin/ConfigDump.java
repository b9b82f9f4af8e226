package io.milepost.ztunnel.admin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.Workload;
import io.milepost.mesh.Workload.WaypointRef;
import io.milepost.ztunnel.plan.MeshView;
import io.milepost.ztunnel.proxy.PodProxy;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/** {@code /config_dump}: the names that {@code istioctl ztunnel-config} reads, as far as there is something to say. */
final class ConfigDump {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ConfigDump() {}

    static String of(Node ztunnel) {
        MeshView view = ztunnel.view();
        MeshSnapshot snapshot = view.snapshot();
        ObjectNode root = JSON.createObjectNode();
        ArrayNode workloads = root.putArray("workloads");
        snapshot.workloads().all().stream()
                .sorted(Comparator.comparing(Workload::uid))
                .forEach(w -> workload(workloads.addObject(), w));
        ArrayNode services = root.putArray("services");
        new TreeMap<>(snapshot.services()).values().forEach(s -> service(services.addObject(), s, view));
        ArrayNode policies = root.putArray("policies");
        snapshot.l4Policies().stream()
                .sorted(Comparator.comparing(L4Policy::id))
                .forEach(p -> policy(policies.addObject(), p));
        root.putObject("stagedServices");
        root.put("snapshotVersion", snapshot.version());
        ObjectNode state = root.putObject("workloadState");
        for (Map.Entry<String, PodProxy> e : ztunnel.proxies().entrySet()) {
            ObjectNode pod = state.putObject(e.getKey());
            pod.put("state", "Up");
            pod.put("connections", e.getValue().connections());
            Workload own = e.getValue().pod();
            pod.putObject("info")
                    .put("name", own.name())
                    .put("namespace", own.namespace())
                    .put("serviceAccount", own.identity().serviceAccount());
        }
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of texts and numbers was not written", e);
        }
    }

    private static void workload(ObjectNode n, Workload w) {
        n.put("uid", w.uid()).put("name", w.name()).put("namespace", w.namespace());
        n.put("serviceAccount", w.identity().serviceAccount());
        n.put("trustDomain", w.identity().trustDomain());
        ArrayNode ips = n.putArray("workloadIps");
        w.addresses().forEach(a -> ips.add(a.toString()));
        n.put("protocol", w.hbone() ? "HBONE" : "TCP");
        n.put("status", w.healthy() ? "Healthy" : "Unhealthy");
        n.put("workloadName", w.workloadName()).put("workloadType", w.workloadType());
        n.put("canonicalName", w.canonicalName()).put("canonicalRevision", w.canonicalRevision());
        n.put("clusterId", w.cluster())
                .put("network", w.network())
                .put("node", w.node())
                .put("capacity", w.capacity());
        w.waypoint().ifPresent(ref -> waypoint(n, ref));
        ArrayNode policies = n.putArray("authorizationPolicies");
        w.policies().forEach(policies::add);
    }

    private static void service(ObjectNode n, MeshService s, MeshView view) {
        n.put("name", s.name()).put("namespace", s.namespace()).put("hostname", s.hostname());
        ArrayNode vips = n.putArray("vips");
        s.addresses().forEach(a -> vips.add(a.isSingle() ? "/" + a.address() : "/" + a));
        ObjectNode ports = n.putObject("ports");
        new TreeMap<>(s.ports()).forEach((port, target) -> ports.put(String.valueOf(port), target));
        ArrayNode names = n.putArray("subjectAltNames");
        s.subjectAltNames().forEach(names::add);
        s.waypoint().ifPresent(ref -> waypoint(n, ref));
        ObjectNode endpoints = n.putObject("endpoints");
        for (MeshView.Endpoint e : view.endpoints(s)) {
            ObjectNode endpoint = endpoints.putObject(e.workload().uid());
            endpoint.put("workloadUid", e.workload().uid());
            ObjectNode mapped = endpoint.putObject("port");
            new TreeMap<>(e.ports()).forEach((port, target) -> mapped.put(String.valueOf(port), target));
        }
    }

    private static void waypoint(ObjectNode n, WaypointRef ref) {
        n.putObject("waypoint")
                .put("destination", ref.address().map(a -> "/" + a).orElse(ref.host()))
                .put("hboneMtlsPort", ref.port());
    }

    private static void policy(ObjectNode n, L4Policy p) {
        int slash = p.id().indexOf('/');
        n.put("name", p.id().substring(slash + 1)).put("namespace", p.id().substring(0, Math.max(slash, 0)));
        n.put("scope", p.workloadSelector() ? "WorkloadSelector" : p.namespace().isEmpty() ? "Global" : "Namespace");
        n.put("action", p.action() == L4Policy.Action.ALLOW ? "Allow" : "Deny");
        n.put("dryRun", p.dryRun());
        n.put("condition", p.condition().toString());
    }
}
