package io.milepost.config.kube;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.WorkloadIndex;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One translation of one set of objects, with what is needed to change it a little: its parts are renewed one by one, and
 * a snapshot is made of all of them ({@link #publish}). Not thread-safe.
 */
final class Translation {
    private final PolicyTranslator policies;
    private final Report report;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;
    private final Workloads workloads;
    private final KubeObjects objects;
    private final Clusters clusters;
    private final Optional<WaypointTranslation> served;
    private final Map<KubeObject, L4Policy> l4 = new TreeMap<>(KubeObjects.ORDER);
    private final Map<String, MeshService> services;
    private Dispatch dispatch;
    private TelemetrySettings refused;
    private WorkloadIndex index;
    private SnapshotBuilder.Result result;

    Translation(
            PolicyTranslator policies,
            GatewayApiMode mode,
            String selfAddress,
            KubeObjects objects,
            Optional<GatewayRef> waypoint,
            Report report,
            Map<KubeObject, GatewayRoute> known) {
        this.policies = policies;
        this.objects = objects;
        this.report = report;
        this.mesh = MeshConfig.of(objects, report);
        this.registry = ServiceRegistry.of(objects, report, mesh.exports().service());
        this.workloads = new Workloads(objects, registry, mesh, policies, report);
        this.clusters = new Clusters(
                mesh,
                registry,
                waypoint.map(w -> registry.placeOf(w, selfAddress)).orElse(Place.UNKNOWN));
        this.served = waypoint.map(
                w -> new WaypointTranslation(policies, mode, objects, report, mesh, registry, w, clusters, known));
        this.dispatch = served.map(w -> w.all(workloads)).orElse(MeshSnapshot.EMPTY.dispatch());
        this.refused = served.map(w -> w.telemetry().refused()).orElse(TelemetrySettings.NONE);
        this.index = new WorkloadIndex(workloads.workloads());
        this.services = workloads.services();
        served.ifPresent(w -> objects.ofKind(Telemetries.KIND).forEach(w.telemetry()::reportUnused));
        objects.ofKind(PolicyTranslator.KIND).forEach(this::putPolicy);
        Coverage.report(objects, report);
        CoreFields.report(objects, report);
        this.result = snapshot(
                served.map(w -> Map.copyOf(w.http().all())).orElse(Map.of()),
                served.map(w -> Map.copyOf(w.tcp().all())).orElse(Map.of()),
                Map.copyOf(clusters.clusters()),
                Map.copyOf(clusters.endpoints()),
                Map.copyOf(services),
                List.copyOf(l4.values()));
    }

    private SnapshotBuilder.Result snapshot(
            Map<String, HttpChain> http,
            Map<String, TcpChain> tcp,
            Map<String, Cluster> clusters,
            Map<String, Endpoints> endpoints,
            Map<String, MeshService> services,
            List<L4Policy> l4) {
        report.reportUnread();
        List<Finding> routes = served.map(WaypointTranslation::routeFindings).orElse(List.of());
        return new SnapshotBuilder.Result(
                new MeshSnapshot(
                        0, dispatch, http, tcp, clusters, endpoints, index, services, l4, mesh.settings(), refused),
                report.sorted(routes));
    }

    SnapshotBuilder.Result result() {
        return result;
    }

    MeshConfig mesh() {
        return mesh;
    }

    KubeObjects objects() {
        return objects;
    }

    ServiceRegistry registry() {
        return registry;
    }

    Workloads workloads() {
        return workloads;
    }

    Report report() {
        return report;
    }

    Optional<WaypointTranslation> served() {
        return served;
    }

    /** Takes in a policy as ztunnels see it, and what there is to say about it. */
    void putPolicy(KubeObject policy) {
        policies.l4(policy, mesh.settings()).ifPresent(p -> l4.put(policy, p));
        report.in(
                Report.part(policy),
                () -> policies.findings(policy, mesh.settings()).forEach(report::add));
    }

    void removePolicy(KubeObject policy) {
        l4.remove(policy);
    }

    /** What ztunnels know of a service is other than before. */
    void renewService(ServiceModel s) {
        services.put(s.key(), workloads.service(s));
    }

    /** A service has other addresses than before; false when others have one of them, so that their order decides. */
    boolean renewAddresses(ServiceModel before, ServiceModel now) {
        if (served.isEmpty() || !served.get().serves(now)) {
            return true;
        }
        if (before.addresses().isEmpty() || now.addresses().isEmpty()) {
            return false;
        }
        Set<Cidr> addresses = new LinkedHashSet<>(now.addresses());
        Set<Cidr> concerned = new HashSet<>(before.addresses());
        concerned.addAll(addresses);
        // All services and not those of the table: one may stand in it with some of its addresses, or not at all.
        for (ServiceModel s : registry.all()) {
            if (!s.host().equals(now.host()) && !Collections.disjoint(concerned, s.addresses())) {
                return false;
            }
        }
        List<Dispatch.Service> services = new ArrayList<>(dispatch.services());
        for (int i = 0; i < services.size(); i++) {
            Dispatch.Service s = services.get(i);
            if (s.host().equals(now.host())) {
                services.set(i, new Dispatch.Service(s.host(), List.copyOf(addresses), s.ports()));
                dispatch = new Dispatch(services, dispatch.workloads(), dispatch.direct());
                return true;
            }
        }
        return false;
    }

    /** The workloads that are attached to the waypoint are other than before. */
    void renewAttached(WaypointTranslation w) {
        dispatch = new Dispatch(dispatch.services(), w.attached(workloads), dispatch.direct());
    }

    /** Logs of refused tunnels are other than before. */
    void renewRefused(WaypointTranslation w) {
        refused = w.telemetry().refused();
    }

    /**
     * Makes the snapshot of what there is now.
     *
     * @param dirty the parts that were renewed; all others are the very ones of the last snapshot
     */
    void publish(Dirty dirty) {
        MeshSnapshot s = result.snapshot();
        index = workloads.renewed(index);
        result = snapshot(
                dirty.chains ? served.map(w -> Map.copyOf(w.http().all())).orElse(Map.of()) : s.httpChains(),
                dirty.chains ? served.map(w -> Map.copyOf(w.tcp().all())).orElse(Map.of()) : s.tcpChains(),
                dirty.clusters ? Map.copyOf(clusters.clusters()) : s.clusters(),
                dirty.clusters ? Map.copyOf(clusters.endpoints()) : endpoints(dirty.endpoints, s.endpoints()),
                dirty.services ? Map.copyOf(services) : s.services(),
                dirty.policies ? List.copyOf(l4.values()) : s.l4Policies());
    }

    private Map<String, Endpoints> endpoints(Collection<String> hosts, Map<String, Endpoints> before) {
        Map<String, Endpoints> changed = new HashMap<>();
        for (String host : hosts) {
            for (String name : clusters.ofHost(host)) {
                Endpoints e = clusters.endpoints().get(name);
                if (e != null && !e.equals(before.get(name))) {
                    changed.put(name, e);
                }
            }
        }
        if (changed.isEmpty()) {
            return before;
        }
        Map<String, Endpoints> all = new HashMap<>(before);
        all.putAll(changed);
        return Collections.unmodifiableMap(all);
    }
}
