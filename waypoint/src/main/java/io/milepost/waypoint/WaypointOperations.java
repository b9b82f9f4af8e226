package io.milepost.waypoint;

import io.milepost.config.analyze.Analysis;
import io.milepost.config.kube.Finding;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.waypoint.admin.Operations;
import io.milepost.waypoint.upstream.ClusterState;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The admin pages' view of a waypoint, also before there is one: the ports answer while the configuration is read. */
public final class WaypointOperations implements Operations {
    private final String gateway;
    private final Supplier<List<Finding>> findings;
    private final Supplier<Optional<Analysis>> analysis;
    private volatile @Nullable Waypoint waypoint;

    /** Of a waypoint whose configuration has no files to look at again. */
    public WaypointOperations(String gateway, Supplier<List<Finding>> findings) {
        this(gateway, findings, Optional::empty);
    }

    /** @param gateway the Gateway that this waypoint is; empty when not known */
    public WaypointOperations(String gateway, Supplier<List<Finding>> findings, Supplier<Optional<Analysis>> analysis) {
        this.analysis = analysis;
        this.gateway = gateway;
        this.findings = findings;
    }

    /** It is configured and accepts. */
    public void serving(Waypoint started) {
        waypoint = started;
    }

    @Override
    public State state() {
        Waypoint w = waypoint;
        return w == null ? State.PRE_INITIALIZING : w.isDraining() ? State.DRAINING : State.LIVE;
    }

    @Override
    public @Nullable MeshSnapshot snapshot() {
        Waypoint w = waypoint;
        return w == null ? null : w.snapshot();
    }

    @Override
    public Collection<ClusterState> clusters() {
        Waypoint w = waypoint;
        return w == null ? List.of() : w.clusters().all();
    }

    @Override
    public List<Finding> findings() {
        return findings.get();
    }

    @Override
    public Optional<Analysis> analysis() {
        return analysis.get();
    }

    @Override
    public void scrape(Appendable out) throws IOException {
        Waypoint w = waypoint;
        if (w != null) {
            w.metrics().scrape(out);
        }
    }

    @Override
    public Map<String, Object> info() {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("program", "milepost waypoint");
        m.put("version", Waypoint.VERSION.isEmpty() ? "unknown" : Waypoint.VERSION);
        m.put("state", state());
        m.put("gateway", gateway);
        m.put("java", Runtime.version().toString());
        m.put("pid", ProcessHandle.current().pid());
        m.put("uptime_seconds", ManagementFactory.getRuntimeMXBean().getUptime() / 1000);
        Waypoint w = waypoint;
        if (w != null) {
            m.put("hbone", w.addresses().stream().map(String::valueOf).toList());
            m.put("tunnels", w.tunnelCount());
            m.put("config_version", w.snapshot().version());
        }
        return m;
    }

    @Override
    public void drain() {
        Waypoint w = waypoint;
        if (w != null) {
            w.drain();
        }
    }
}
