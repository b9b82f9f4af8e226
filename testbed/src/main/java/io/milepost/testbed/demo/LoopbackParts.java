package io.milepost.testbed.demo;

import com.linecorp.armeria.common.util.EventLoopGroups;
import io.milepost.config.DirectorySource;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.hbone.HboneTestClient;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The parts as they are today: the directory source, and the tunnels of a pod without a ztunnel program. */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close also ends the channel, which is handled
final class LoopbackParts implements MeshParts {
    private final Path root;
    private final HboneTestClient client;
    private final EventLoopGroup loops = EventLoopGroups.newEventLoopGroup(2, "pods", true);

    LoopbackParts(Path caRoot) {
        root = caRoot;
        client = new HboneTestClient(caRoot);
    }

    @Override
    public SnapshotSource configuration(Path directory) {
        return new DirectorySource(directory, Optional.empty(), new SnapshotBuilder(new AuthorizationTranslator()));
    }

    @Override
    public MeshProcess ztunnel(
            Pod pod, TestCa.Leaf certificate, Supplier<MeshSnapshot> configuration, InetAddress waypoint, LogTap log)
            throws IOException {
        HboneInbound inbound = new HboneInbound(pod, certificate, root, loops);
        try {
            return new PodTunnels(pod, new SocksEntry(pod, certificate, configuration, waypoint, client), inbound);
        } catch (IOException e) {
            inbound.close();
            throw e;
        }
    }

    @Override
    public String caveat() {
        return "Note: the pods' tunnels are carried by a small client and server of the demo, not by a ztunnel program;"
                + " there is no ztunnel access log and no L4 policy at the target yet.";
    }

    @Override
    public boolean ztunnelsLog() {
        return false;
    }

    @Override
    public void close() {
        client.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    }
}
