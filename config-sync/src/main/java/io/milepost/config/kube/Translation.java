package io.milepost.config.kube;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.WorkloadIndex;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One translation of one set of objects, with what is needed to change it a little. Not thread-safe. */
final class Translation {
    private final PolicyTranslator policies;
    private final Report report;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;
    private final Workloads workloads;
    private final KubeObjects objects;
    private final Clusters clusters;
    private final Optional<WaypointTranslation> served;
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
        this.result = first(objects);
    }

    private SnapshotBuilder.Result first(KubeObjects objects) {
        Dispatch dispatch = served.map(w -> w.all(workloads)).orElse(MeshSnapshot.EMPTY.dispatch());
        TelemetrySettings refused = served.map(w -> w.telemetry().refused()).orElse(TelemetrySettings.NONE);
        served.ifPresent(w -> objects.ofKind(Telemetries.KIND).forEach(w.telemetry()::reportUnused));
        objects.ofKind(PolicyTranslator.KIND).forEach(this::findings);
        Coverage.report(objects, report);
        CoreFields.report(objects, report);
        report.reportUnread();
        MeshSnapshot snapshot = new MeshSnapshot(
                0,
                dispatch,
                served.map(w -> Map.copyOf(w.http())).orElse(Map.of()),
                served.map(w -> Map.copyOf(w.tcp())).orElse(Map.of()),
                Map.copyOf(clusters.clusters()),
                Map.copyOf(clusters.endpoints()),
                new WorkloadIndex(workloads.workloads()),
                workloads.services(),
                policies.l4(objects, mesh.settings()),
                mesh.settings(),
                refused);
        return new SnapshotBuilder.Result(snapshot, findings());
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

    Optional<WaypointTranslation> served() {
        return served;
    }

    private void findings(KubeObject policy) {
        report.in(
                Report.part(policy),
                () -> policies.findings(policy, mesh.settings()).forEach(report::add));
    }

    private List<Finding> findings() {
        List<Finding> routes = served.map(WaypointTranslation::routeFindings).orElse(List.of());
        return routes.isEmpty() ? report.findings() : report.sorted(routes);
    }

    /** The snapshot after the routes of some services were translated anew; false when more has to be. */
    boolean renewRoutes(Set<ServiceModel> services) {
        if (served.isEmpty()) {
            return true;
        }
        WaypointTranslation w = served.get();
        for (ServiceModel s : services) {
            if (!w.renewRoutes(s)) {
                return false;
            }
        }
        renewed(w, result.snapshot().clusters(), result.snapshot().endpoints());
        return true;
    }

    /**
     * The snapshot after objects were put and removed that reach nothing but these services; false when they reach
     * further.
     */
    boolean renew(Collection<KubeObject> put, Collection<KubeObject> before, Set<ServiceModel> services) {
        if (served.isEmpty()) {
            return false;
        }
        WaypointTranslation w = served.get();
        before.forEach(w::remove);
        put.forEach(w::put);
        if (Reach.onlyRoutes(put) && Reach.onlyRoutes(before)) {
            return renewRoutes(services);
        }
        for (ServiceModel s : services) {
            if (!w.renew(s)) {
                return false;
            }
        }
        renewed(w, Map.copyOf(clusters.clusters()), Map.copyOf(clusters.endpoints()));
        return true;
    }

    private void renewed(WaypointTranslation w, Map<String, Cluster> clusters, Map<String, Endpoints> endpoints) {
        report.reportUnread();
        MeshSnapshot s = result.snapshot();
        result = new SnapshotBuilder.Result(
                new MeshSnapshot(
                        0,
                        s.dispatch(),
                        Map.copyOf(w.http()),
                        Map.copyOf(w.tcp()),
                        clusters,
                        endpoints,
                        s.workloads(),
                        s.services(),
                        s.l4Policies(),
                        s.settings(),
                        s.refusedLogs()),
                findings());
    }

    /** The snapshot after the endpoints of a service changed: no route, policy or cluster is looked at. */
    void renewEndpoints(ServiceModel before, ServiceModel now) {
        registry.replace(before, now);
        served.ifPresent(w -> w.renewClusters(now));
        MeshSnapshot s = result.snapshot();
        Map<String, Endpoints> endpoints = s.endpoints();
        Map<String, Endpoints> changed = new HashMap<>();
        for (String name : clusters.ofHost(now.host())) {
            Endpoints e = clusters.endpoints().get(name);
            if (e != null && !e.equals(endpoints.get(name))) {
                changed.put(name, e);
            }
        }
        if (!changed.isEmpty()) {
            Map<String, Endpoints> all = new HashMap<>(endpoints);
            all.putAll(changed);
            endpoints = Collections.unmodifiableMap(all);
        }
        result = new SnapshotBuilder.Result(
                new MeshSnapshot(
                        0,
                        s.dispatch(),
                        s.httpChains(),
                        s.tcpChains(),
                        s.clusters(),
                        endpoints,
                        workloads.renew(s.workloads(), before, now),
                        s.services(),
                        s.l4Policies(),
                        s.settings(),
                        s.refusedLogs()),
                result.findings());
    }
}
