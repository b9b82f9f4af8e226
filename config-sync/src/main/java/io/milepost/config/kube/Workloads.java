package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshService.Mode;
import io.milepost.mesh.MeshService.Scope;
import io.milepost.mesh.SpiffeId;
import io.milepost.mesh.Workload;
import io.milepost.mesh.Workload.WaypointRef;
import io.milepost.mesh.WorkloadIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What everybody has to know of everybody: the workload and service records. */
final class Workloads {
    private static final int HBONE_PORT = 15008;
    private static final Map<String, Map<Integer, Integer>> NONE = Map.of();
    private final KubeObjects objects;
    private final ServiceRegistry registry;
    private final MeshConfig mesh;
    private final PolicyTranslator policies;
    private final Report report;
    private final Waypoints waypoints;
    /** Uid to service to ports. */
    private final Map<String, Map<String, Map<Integer, Integer>>> memberships = new HashMap<>();

    /** Workloads to look at again, by uid, as they were seen last. */
    private final Map<String, PodModel> touched = new LinkedHashMap<>();

    private final Map<GatewayRef, WaypointRef> refs = new HashMap<>();

    Workloads(
            KubeObjects objects, ServiceRegistry registry, MeshConfig mesh, PolicyTranslator policies, Report report) {
        this.objects = objects;
        this.registry = registry;
        this.mesh = mesh;
        this.policies = policies;
        this.report = report;
        this.waypoints = new Waypoints(objects, report);
    }

    List<Workload> workloads() {
        for (ServiceModel s : registry.all()) {
            join(s);
        }
        List<Workload> out = new ArrayList<>();
        for (PodModel p : registry.workloads()) {
            out.add(workload(p, memberships.getOrDefault(p.uid(), NONE)));
        }
        return out;
    }

    private void join(ServiceModel s) {
        for (Member m : s.endpoints()) {
            memberships.computeIfAbsent(m.pod().uid(), u -> new TreeMap<>()).put(s.key(), m.ports());
        }
    }

    /** The endpoints or the ports of a service changed. */
    void change(ServiceModel before, ServiceModel now) {
        for (Member m : before.endpoints()) {
            String uid = m.pod().uid();
            touched.put(uid, m.pod());
            Map<String, Map<Integer, Integer>> of = memberships.get(uid);
            if (of != null) {
                of.remove(before.key());
            }
        }
        now.endpoints().forEach(m -> touched.put(m.pod().uid(), m.pod()));
        join(now);
    }

    /** A workload came, went, or is another now. */
    void change(PodModel pod) {
        touched.put(pod.uid(), pod);
    }

    /** The index after the changes. */
    WorkloadIndex renewed(WorkloadIndex index) {
        List<Workload> changed = new ArrayList<>();
        Set<String> gone = new HashSet<>();
        touched.forEach((uid, last) -> {
            Map<String, Map<Integer, Integer>> of = memberships.getOrDefault(uid, NONE);
            Optional<PodModel> pod = registry.pod(uid);
            if (of.isEmpty()) {
                memberships.remove(uid);
            }
            if (of.isEmpty() && pod.isEmpty()) {
                gone.add(uid);
            } else {
                Workload w = workload(pod.orElse(last), of);
                if (!index.byUid(uid).filter(w::equals).isPresent()) {
                    changed.add(w);
                }
            }
        });
        touched.clear();
        gone.removeIf(uid -> index.byUid(uid).isEmpty());
        return changed.isEmpty() && gone.isEmpty() ? index : index.with(changed, gone);
    }

    private Workload workload(PodModel p, Map<String, Map<Integer, Integer>> services) {
        List<IpAddress> addresses = new ArrayList<>();
        String hostname = "";
        for (String a : p.addresses()) {
            Optional<IpAddress> ip = IpAddress.parse(a);
            if (ip.isPresent()) {
                addresses.add(ip.get());
            } else {
                hostname = a;
            }
        }
        Optional<GatewayRef> waypoint = attachedTo(p);
        return new Workload(
                p.uid(),
                p.name(),
                p.namespace(),
                addresses,
                hostname,
                new SpiffeId(mesh.settings().trustDomain(), p.namespace(), p.serviceAccount()),
                p.workloadName(),
                p.workloadType(),
                p.canonicalName(),
                p.canonicalRevision(),
                "Kubernetes",
                "",
                p.node(),
                p.locality(),
                p.hbone(),
                p.ready(),
                p.weight(),
                services,
                waypoint.map(this::ref),
                policies.selecting(objects, p.namespace(), p.labels(), mesh.settings()).stream()
                        .sorted()
                        .toList());
    }

    Optional<GatewayRef> attachedTo(PodModel p) {
        Optional<KubeObject> o = objects.find(p.kind(), p.namespace(), p.name());
        return o.isEmpty()
                ? waypoints.ofWorkload(p, o)
                : report.in(Report.part(o.get()), () -> waypoints.ofWorkload(p, o));
    }

    /** Whether a workload is attached to a waypoint; says nothing of why not. */
    boolean isAttached(PodModel p, GatewayRef ref) {
        return waypoints
                .binding(p.labels(), p.namespace(), false)
                .waypoint()
                .filter(ref::equals)
                .isPresent();
    }

    private WaypointRef ref(GatewayRef g) {
        return refs.computeIfAbsent(g, this::find);
    }

    private WaypointRef find(GatewayRef g) {
        String name = objects.find("Gateway", g.namespace(), g.name())
                .flatMap(o -> ServiceRegistry.serviceOf(o, objects))
                .map(KubeObject::name)
                .orElse(g.name());
        return new WaypointRef(
                g.namespace() + "/" + name + "." + g.namespace() + ServiceRegistry.DOMAIN,
                Optional.empty(),
                HBONE_PORT);
    }

    Map<String, MeshService> services() {
        Map<String, MeshService> out = new TreeMap<>();
        for (ServiceModel s : registry.all()) {
            out.put(s.key(), service(s));
        }
        return out;
    }

    MeshService service(ServiceModel s) {
        Map<Integer, Integer> ports = new TreeMap<>();
        for (Port p : s.ports()) {
            ports.put(p.number(), p.target());
        }
        return new MeshService(
                s.info().name(),
                s.info().namespace(),
                s.host(),
                s.addresses(),
                ports,
                s.traits().subjectAltNames(),
                s.waypoint().map(this::ref),
                balancing(s));
    }

    /** How ztunnels choose among endpoints. */
    private static MeshService.Balancing balancing(ServiceModel s) {
        if (s.resolution() == ServiceModel.Resolution.NONE) {
            return new MeshService.Balancing(Mode.PASSTHROUGH, List.of(), true);
        }
        if (s.traits().localOnly()) {
            return new MeshService.Balancing(Mode.STRICT, List.of(Scope.NODE), false);
        }
        return switch (s.traits().distribution()) {
            case ANY -> MeshService.Balancing.STANDARD;
            case PREFER_SAME_ZONE ->
                new MeshService.Balancing(Mode.FAILOVER, List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE), false);
            case PREFER_SAME_NODE ->
                new MeshService.Balancing(
                        Mode.FAILOVER,
                        List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE, Scope.SUBZONE, Scope.NODE),
                        false);
        };
    }
}
