package io.milepost.testbed.demo;

import io.milepost.config.DirectorySource;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.mesh.Workload;
import io.milepost.testbed.ca.TestCa;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The running demo: one waypoint process, and in this process a ztunnel for all pods and an application per pod. */
final class DemoMesh implements AutoCloseable {
    private static final String GATEWAY = "default/waypoint";
    private static final String WAYPOINT_SERVICE = "default/waypoint.default.svc.cluster.local";

    private final Path configuration;
    private final Path temporary;
    private final LogTap waypointLog = new LogTap();
    private final LogTap ztunnelLog = new LogTap();
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final List<String> descriptions = new ArrayList<>();
    private @Nullable WaypointProcess waypoint;
    private List<Pod> pods = List.of();
    private boolean closed;

    DemoMesh(Path configuration, Path temporary) {
        this.configuration = configuration;
        this.temporary = temporary;
    }

    void start() throws InterruptedException {
        // Keys take as long as reading the configuration; both at once.
        CompletableFuture<TestCa> ca = CompletableFuture.supplyAsync(() -> {
            TestCa made = new TestCa(temporary.resolve("ca"));
            made.leaf("default", "waypoint");
            return made;
        });
        SnapshotSource source = new DirectorySource(
                configuration, Optional.empty(), new SnapshotBuilder(new AuthorizationTranslator()));
        try {
            add(new ZtunnelNode(
                    new FirstLook(source, snapshot -> startOthers(snapshot, ca.join())), ca::join, ztunnelLog));
        } catch (ConfigException e) {
            throw new DemoException(configuration + " cannot be used: " + e.getMessage(), e);
        }
        WaypointProcess started = waypoint;
        if (started != null) {
            started.awaitReady();
        }
    }

    /** The waypoint's virtual machine starts while this one starts the ztunnel's part of each pod. */
    private void startOthers(MeshSnapshot snapshot, TestCa ca) {
        pods = Pods.of(snapshot);
        if (pods.isEmpty()) {
            throw new DemoException(
                    configuration + " has no pod in the mesh: it needs a Deployment or Pod in a namespace"
                            + " with the label istio.io/dataplane-mode: ambient");
        }
        try {
            waypoint = add(new WaypointProcess(
                    configuration,
                    GATEWAY,
                    waypointAddress(snapshot),
                    ca.root(),
                    ca.leaf("default", "waypoint"),
                    waypointLog));
            for (Pod pod : pods) {
                BookinfoApp app = BookinfoApp.of(pod);
                if (app != null) {
                    add(app).start();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of the waypoint's pod, as every process computes it from the same objects. */
    private InetAddress waypointAddress(MeshSnapshot snapshot) {
        for (Workload w : snapshot.workloads().all()) {
            if (w.services().containsKey(WAYPOINT_SERVICE) && !w.addresses().isEmpty()) {
                return w.addresses().getFirst().toInetAddress();
            }
        }
        throw new DemoException(
                configuration + " has no waypoint: it needs a Gateway named waypoint of class istio-waypoint"
                        + " in namespace default");
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
        return List.copyOf(descriptions);
    }

    LogTap waypointLog() {
        return waypointLog;
    }

    /** What the waypoint itself says, for example about a file that it could not use. */
    LogTap waypointMessages() {
        WaypointProcess started = waypoint;
        if (started == null) {
            throw new IllegalStateException("the mesh is not started");
        }
        return started.programLog();
    }

    LogTap ztunnelLog() {
        return ztunnelLog;
    }

    /** Stops everything, the last started first. Called at the end and by the shutdown hook; the second call does nothing. */
    @Override
    public synchronized void close() {
        closed = true;
        WaypointProcess started = waypoint;
        if (started != null) {
            // It drains while the others stop.
            started.terminate();
        }
        while (!running.isEmpty()) {
            AutoCloseable process = running.pop();
            try {
                process.close();
            } catch (Exception e) {
                System.err.println("demo: while stopping: " + e);
            }
        }
    }

    /** Shows the first snapshot to somebody before the receiver gets it. */
    private record FirstLook(SnapshotSource source, Consumer<MeshSnapshot> first) implements SnapshotSource {
        @Override
        public void start(Consumer<MeshSnapshot> receiver) {
            source.start(new Consumer<>() {
                private boolean seen;

                @Override
                public void accept(MeshSnapshot snapshot) {
                    if (!seen) {
                        seen = true;
                        first.accept(snapshot);
                    }
                    receiver.accept(snapshot);
                }
            });
        }

        @Override
        public void close() {
            source.close();
        }
    }
}
