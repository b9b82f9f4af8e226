package io.milepost.testbed.demo;

import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.testbed.ca.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The running demo: one waypoint process, and in this process a ztunnel and an application per pod. */
final class DemoMesh implements AutoCloseable {
    private static final String GATEWAY = "default/waypoint";
    private static final String WAYPOINT_ADDRESS = "127.0.15.1";

    private final Path configuration;
    private final Path temporary;
    private final MeshParts parts;
    private final LogTap waypointLog = new LogTap();
    private final LogTap ztunnelLog = new LogTap();
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final List<String> descriptions = new ArrayList<>();
    private volatile MeshSnapshot snapshot = MeshSnapshot.EMPTY;
    private List<Pod> pods = List.of();
    private boolean closed;

    DemoMesh(Path configuration, Path temporary, MeshParts parts) {
        this.configuration = configuration;
        this.temporary = temporary;
        this.parts = parts;
        running.push(parts);
    }

    void start() throws IOException, InterruptedException {
        InetAddress waypointAddress = InetAddress.ofLiteral(WAYPOINT_ADDRESS);
        TestCa ca = new TestCa(temporary.resolve("ca"));
        WaypointProcess waypoint = add(new WaypointProcess(
                configuration, GATEWAY, waypointAddress, ca.root(), ca.leaf("default", "waypoint"), waypointLog));
        // The waypoint's virtual machine starts while this one reads the configuration and starts the pods.
        SnapshotSource source = parts.configuration(configuration);
        running.push(source);
        source.start(delivered -> snapshot = delivered);
        pods = Pods.of(snapshot);
        if (pods.isEmpty()) {
            throw new DemoException(
                    configuration + " has no pod in the mesh: it needs a Deployment or Pod in a namespace"
                            + " with the label istio.io/dataplane-mode: ambient");
        }
        for (Pod pod : pods) {
            BookinfoApp app = BookinfoApp.of(pod);
            if (app != null) {
                add(app).start();
            }
            TestCa.Leaf certificate =
                    ca.leaf(pod.identity().namespace(), pod.identity().serviceAccount());
            add(parts.ztunnel(pod, certificate, () -> snapshot, waypointAddress, ztunnelLog));
        }
        waypoint.awaitReady();
    }

    private synchronized <T extends MeshProcess> T add(T process) {
        if (closed) {
            process.close();
            throw new DemoException("stopped while starting");
        }
        running.push(process);
        descriptions.add(process.describe());
        return process;
    }

    List<Pod> pods() {
        return pods;
    }

    synchronized List<String> describe() {
        List<String> lines = new ArrayList<>(descriptions);
        if (!parts.caveat().isEmpty()) {
            lines.add(parts.caveat());
        }
        return lines;
    }

    LogTap waypointLog() {
        return waypointLog;
    }

    LogTap ztunnelLog() {
        return ztunnelLog;
    }

    boolean ztunnelsLog() {
        return parts.ztunnelsLog();
    }

    /** Stops everything, the last started first. Called at the end and by the shutdown hook; the second call does nothing. */
    @Override
    public synchronized void close() {
        closed = true;
        while (!running.isEmpty()) {
            AutoCloseable process = running.pop();
            try {
                process.close();
            } catch (Exception e) {
                System.err.println("demo: while stopping: " + e);
            }
        }
    }
}
