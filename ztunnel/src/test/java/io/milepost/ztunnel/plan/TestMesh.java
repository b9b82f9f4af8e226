package io.milepost.ztunnel.plan;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.Locality;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.SpiffeId;
import io.milepost.mesh.Workload;
import io.milepost.mesh.Workload.WaypointRef;
import io.milepost.mesh.WorkloadIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** A mesh written down in a few lines. */
final class TestMesh {
    private final List<Workload> workloads = new ArrayList<>();
    private final Map<String, MeshService> services = new TreeMap<>();
    private final List<L4Policy> policies = new ArrayList<>();

    static IpAddress ip(String text) {
        return IpAddress.parse(text).orElseThrow(() -> new IllegalArgumentException(text));
    }

    static WaypointRef byHost(String key) {
        return new WaypointRef(key, Optional.empty(), 15008);
    }

    static WaypointRef byAddress(String address) {
        return new WaypointRef("", Optional.of(ip(address)), 15008);
    }

    /** What may differ from pod to pod. */
    record Pod(
            String namespace,
            String name,
            List<String> addresses,
            boolean hbone,
            boolean healthy,
            int capacity,
            String network,
            String node,
            Locality locality,
            Map<String, Map<Integer, Integer>> services,
            Optional<WaypointRef> waypoint,
            List<String> policies) {
        static Pod of(String name, String address) {
            return new Pod(
                    "default",
                    name,
                    List.of(address),
                    true,
                    true,
                    1,
                    "",
                    "",
                    Locality.UNKNOWN,
                    Map.of(),
                    Optional.empty(),
                    List.of());
        }

        Pod namespace(String v) {
            return new Pod(
                    v, name, addresses, hbone, healthy, capacity, network, node, locality, services, waypoint,
                    policies);
        }

        Pod addresses(String... v) {
            return new Pod(
                    namespace,
                    name,
                    List.of(v),
                    hbone,
                    healthy,
                    capacity,
                    network,
                    node,
                    locality,
                    services,
                    waypoint,
                    policies);
        }

        Pod plain() {
            return new Pod(
                    namespace, name, addresses, false, healthy, capacity, network, node, locality, services, waypoint,
                    policies);
        }

        Pod sick() {
            return new Pod(
                    namespace, name, addresses, hbone, false, capacity, network, node, locality, services, waypoint,
                    policies);
        }

        Pod capacity(int v) {
            return new Pod(
                    namespace, name, addresses, hbone, healthy, v, network, node, locality, services, waypoint,
                    policies);
        }

        Pod network(String v) {
            return new Pod(
                    namespace, name, addresses, hbone, healthy, capacity, v, node, locality, services, waypoint,
                    policies);
        }

        Pod at(String region, String zone, String v) {
            return new Pod(
                    namespace,
                    name,
                    addresses,
                    hbone,
                    healthy,
                    capacity,
                    network,
                    v,
                    new Locality(region, zone, ""),
                    services,
                    waypoint,
                    policies);
        }

        Pod serves(String key, Map<Integer, Integer> ports) {
            Map<String, Map<Integer, Integer>> all = new TreeMap<>(services);
            all.put(key, ports);
            return new Pod(
                    namespace, name, addresses, hbone, healthy, capacity, network, node, locality, all, waypoint,
                    policies);
        }

        Pod waypoint(WaypointRef v) {
            return new Pod(
                    namespace,
                    name,
                    addresses,
                    hbone,
                    healthy,
                    capacity,
                    network,
                    node,
                    locality,
                    services,
                    Optional.of(v),
                    policies);
        }

        Pod policies(String... v) {
            return new Pod(
                    namespace,
                    name,
                    addresses,
                    hbone,
                    healthy,
                    capacity,
                    network,
                    node,
                    locality,
                    services,
                    waypoint,
                    List.of(v));
        }

        Workload build() {
            return new Workload(
                    "Kubernetes//Pod/" + namespace + "/" + name,
                    name,
                    namespace,
                    addresses.stream().map(TestMesh::ip).toList(),
                    "",
                    new SpiffeId("cluster.local", namespace, name),
                    name + "-dep",
                    "deployment",
                    name + "-app",
                    "v1",
                    "Kubernetes",
                    network,
                    node,
                    locality,
                    hbone,
                    healthy,
                    capacity,
                    services,
                    waypoint,
                    policies);
        }
    }

    TestMesh pod(Pod pod) {
        workloads.add(pod.build());
        return this;
    }

    TestMesh pod(String name, String address) {
        return pod(Pod.of(name, address));
    }

    TestMesh pod(String name, String address, UnaryOperator<Pod> more) {
        return pod(more.apply(Pod.of(name, address)));
    }

    TestMesh service(String name, String address, Map<Integer, Integer> ports) {
        return service("default", name, address, ports, Optional.empty(), MeshService.Balancing.STANDARD);
    }

    TestMesh service(
            String namespace,
            String name,
            String address,
            Map<Integer, Integer> ports,
            Optional<WaypointRef> waypoint,
            MeshService.Balancing balancing) {
        MeshService s = new MeshService(
                name,
                namespace,
                name + "." + namespace + ".svc.cluster.local",
                address.isEmpty()
                        ? List.of()
                        : List.of(Cidr.parse(address).orElseThrow(() -> new IllegalArgumentException(address))),
                ports,
                List.of("spiffe://cluster.local/ns/" + namespace + "/sa/of-" + name),
                waypoint,
                balancing);
        services.put(s.key(), s);
        return this;
    }

    TestMesh policy(String id, boolean selector, L4Policy.Action action, Condition condition) {
        policies.add(new L4Policy(
                id, id.substring(0, id.indexOf('/')), selector, action, false, condition, SourceRef.DEFAULT));
        return this;
    }

    MeshView view() {
        MeshSnapshot e = MeshSnapshot.EMPTY;
        return MeshView.of(new MeshSnapshot(
                1,
                e.dispatch(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                new WorkloadIndex(workloads),
                Map.copyOf(services),
                List.copyOf(policies),
                e.settings(),
                e.refusedLogs()));
    }
}
