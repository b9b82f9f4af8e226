package io.milepost.config.analyze;

import io.milepost.config.kube.Finding;
import io.milepost.config.kube.Finding.Severity;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.KubeObject;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.ObjectStatus;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Translates for one or all waypoints and gathers what there is to say. Pure. */
public final class Analyzer {
    private static final Comparator<SourceRef> ORDER = Comparator.comparing(SourceRef::kind)
            .thenComparing(SourceRef::namespace)
            .thenComparing(SourceRef::name);

    private final SnapshotBuilder builder;
    private final LogCheck logs;

    public Analyzer(SnapshotBuilder builder, LogCheck logs) {
        this.builder = builder;
        this.logs = logs;
    }

    /** @param gateway the waypoint to look from; empty for all that the files hold */
    public Analysis analyze(ObjectFiles.Parsed files, Optional<GatewayRef> gateway) {
        KubeObjects objects = new KubeObjects(files.objects());
        List<GatewayRef> waypoints = gateway.map(List::of).orElseGet(() -> waypoints(objects));
        Map<SourceRef, Set<Finding>> findings = new TreeMap<>(ORDER);
        Map<SourceRef, Set<ObjectStatus.Parent>> parents = new TreeMap<>(ORDER);
        for (KubeObject o : files.objects()) {
            findings.put(o.ref(), new LinkedHashSet<>());
        }
        files.findings().forEach(f -> add(findings, f));
        if (waypoints.isEmpty()) {
            add(
                    findings,
                    Finding.warning(
                            new SourceRef("Gateway", "", "", ""),
                            "no waypoint is written down, so nothing but L4 is served: create a Gateway of class "
                                    + "istio-waypoint"));
            builder.build(objects, Optional.empty()).findings().forEach(f -> add(findings, f));
        }
        List<SnapshotBuilder.Analyzed> all =
                waypoints.stream().map(w -> builder.analyze(objects, w)).toList();
        for (SnapshotBuilder.Analyzed a : all) {
            for (Finding f : a.result().findings()) {
                // What is no mistake for one waypoint is no news when another one serves the object.
                if (f.severity() != Severity.INFO
                        || all.stream().allMatch(x -> x.result().findings().contains(f))) {
                    add(findings, f);
                }
            }
            accessLogs(a.result().snapshot()).forEach(f -> add(findings, f));
            for (ObjectStatus s : a.statuses()) {
                parents.computeIfAbsent(s.object(), k -> new LinkedHashSet<>()).addAll(s.parents());
            }
        }
        Weights.check(objects).forEach(f -> add(findings, f));
        return new Analysis(waypoints.stream().map(GatewayRef::toString).toList(), entries(findings, parents));
    }

    /** Each log once, however many chains write it. */
    private Set<Finding> accessLogs(MeshSnapshot snapshot) {
        Set<TelemetrySettings.AccessLog> all =
                new LinkedHashSet<>(snapshot.refusedLogs().accessLogs());
        snapshot.httpChains().values().forEach(c -> all.addAll(c.telemetry().accessLogs()));
        snapshot.tcpChains().values().forEach(c -> all.addAll(c.telemetry().accessLogs()));
        Set<Finding> out = new LinkedHashSet<>();
        for (TelemetrySettings.AccessLog log : all) {
            logs.problems(log).forEach(p -> out.add(Finding.error(log.source(), p)));
        }
        return out;
    }

    /** Every Gateway of the files that is a waypoint. */
    private static List<GatewayRef> waypoints(KubeObjects objects) {
        List<GatewayRef> out = new ArrayList<>();
        for (KubeObject g : objects.ofKind("Gateway")) {
            if (SnapshotBuilder.isWaypoint(g)) {
                out.add(new GatewayRef(g.namespace(), g.name()));
            }
        }
        out.sort(Comparator.comparing(GatewayRef::toString));
        return out;
    }

    private static void add(Map<SourceRef, Set<Finding>> findings, Finding f) {
        SourceRef s = f.source();
        findings.computeIfAbsent(new SourceRef(s.kind(), s.namespace(), s.name(), ""), k -> new LinkedHashSet<>())
                .add(f);
    }

    private static List<Analysis.Entry> entries(
            Map<SourceRef, Set<Finding>> findings, Map<SourceRef, Set<ObjectStatus.Parent>> parents) {
        List<Analysis.Entry> out = new ArrayList<>();
        findings.forEach((object, list) -> {
            List<Finding> sorted = new ArrayList<>(list);
            sorted.sort(Comparator.comparing(Finding::severity)
                    .thenComparing(f -> f.source().field())
                    .thenComparing(Finding::message));
            Collection<ObjectStatus.Parent> p = parents.getOrDefault(object, Set.of());
            out.add(new Analysis.Entry(object, List.copyOf(p), sorted));
        });
        return out;
    }
}
