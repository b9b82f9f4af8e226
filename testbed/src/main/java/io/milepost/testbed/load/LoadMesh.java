package io.milepost.testbed.load;

import io.milepost.hbone.HboneClient;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.TunnelTarget;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.echo.HbonePod;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Three application pods (two of them speak HBONE), a waypoint as a process, and ports on the client's address that lead through it. */
public final class LoadMesh implements AutoCloseable {
    private static final String IDENTITY = "spiffe://cluster.local/ns/default/sa/";

    private final Path folder;
    private final MeshVariants variants;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(2, new DefaultThreadFactory("load-mesh", true), NioIoHandler.newFactory());
    private final TestCa ca;
    private final HboneClient tunnels;
    private final List<TunnelEntry> entries = new ArrayList<>();
    private final WaypointProgram waypoint;

    /**
     * @param folder for certificates, configuration and logs
     * @param net first two octets of all addresses; one mesh at a time may have them
     * @param jvmOptions of the waypoint, besides our own
     * @param options of the waypoint's command line, besides those that it needs
     */
    public LoadMesh(Path folder, String net, List<String> jvmOptions, List<String> options) throws IOException {
        this.folder = folder;
        this.variants = new MeshVariants(net);
        try {
            ca = new TestCa(Files.createDirectories(folder.resolve("ca")));
            for (int i = 1; i <= 3; i++) {
                String name = "load-v" + i;
                parts.push(new LoadApp(name, variants.pod(i), loops));
                if (i != 2) {
                    parts.push(HbonePod.start(
                            name, variants.pod(i), ca, ca.leaf("default", "load"), new EchoRecords(), loops));
                }
            }
            configure(0);
            waypoint = new WaypointProgram(
                    folder, variants.waypoint(), ca.root(), ca.leaf("default", "waypoint"), jvmOptions, options);
            parts.push(waypoint);
            waypoint.awaitReady();
            TestCa.Leaf client = ca.leaf("default", "client");
            WorkloadCertificates certificates = new PemWorkloadCertificates(ca.root(), client.cert(), client.key());
            parts.push(certificates);
            tunnels = MeshParts.patientClient(certificates, Duration.ofSeconds(30))
                    .sourceAddress(InetAddress.getByName(variants.client()))
                    .build();
            parts.push(tunnels);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Puts a variant of the configuration in place, in one step. */
    public void configure(int variant) throws IOException {
        Path next = folder.resolve("mesh.next");
        Files.writeString(next, variants.yaml(variant));
        Files.move(
                next,
                Files.createDirectories(folder.resolve("config")).resolve("mesh.yaml"),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** An ordinary TCP port that leads to a port of the service {@code load}. */
    public InetSocketAddress entry(int servicePort) {
        TunnelEntry e = new TunnelEntry(
                tunnels,
                new TunnelTarget(
                        new InetSocketAddress(variants.waypoint(), HbonePod.PORT),
                        List.of(IDENTITY + "waypoint"),
                        MeshVariants.VIP + ":" + servicePort),
                new InetSocketAddress(variants.client(), 0),
                loops);
        entries.add(e);
        parts.push(e);
        return e.address();
    }

    /** {@code ip:port} as clients take it. */
    public String entryText(int servicePort) {
        InetSocketAddress a = entry(servicePort);
        return a.getAddress().getHostAddress() + ":" + a.getPort();
    }

    public WaypointProgram waypoint() {
        return waypoint;
    }

    public TestCa ca() {
        return ca;
    }

    /** The waypoint's address; operators' ports are there too. */
    public String waypointIp() {
        return variants.waypoint();
    }

    /** Address of the pod whose identity the entries have. */
    public String clientIp() {
        return variants.client();
    }

    /** Connections that got no tunnel. */
    public int refused() {
        return entries.stream().mapToInt(TunnelEntry::refused).sum();
    }

    @Override
    public void close() {
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception e) {
                System.err.println("load mesh: closing " + part + ": " + e);
            }
        }
        parts.clear();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    }
}
