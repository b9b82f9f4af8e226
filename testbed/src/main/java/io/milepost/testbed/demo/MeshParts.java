package io.milepost.testbed.demo;

import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.testbed.ca.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Where the demo gets the parts of a mesh from; the only seam between it and the programs. */
interface MeshParts extends AutoCloseable {
    /** Reads a directory of YAML as a node would. */
    SnapshotSource configuration(Path directory);

    /** Starts what speaks HBONE for one pod: SOCKS5 and 15008 on the pod's address. */
    MeshProcess ztunnel(
            Pod pod, TestCa.Leaf certificate, Supplier<MeshSnapshot> configuration, InetAddress waypoint, LogTap log)
            throws IOException;

    /** What the user should know about these parts; empty when there is nothing to say. */
    String caveat();

    /** Whether the ztunnels write Istio's access log. */
    boolean ztunnelsLog();

    @Override
    void close();
}
