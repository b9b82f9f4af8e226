package io.milepost.testbed.fidelity;

import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoApp;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.echo.HbonePod;
import io.milepost.testbed.hbone.HboneTestClient;
import io.milepost.testbed.hbone.HboneTestConnection;
import io.milepost.testbed.hbone.RefusedException;
import io.milepost.testbed.hbone.TunnelRequest;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Everything around the waypoint under test: the CA, all application pods with their HBONE ends, a client. Started once, used by all cases. */
@SuppressWarnings("FutureReturnValueIgnored")
public final class FidelityWorld implements AutoCloseable {
    private static final InetSocketAddress WAYPOINT = new InetSocketAddress(BaseMesh.WAYPOINT_IP, HbonePod.PORT);

    private final Path directory;
    private final TestCa ca;
    private final EchoRecords records = new EchoRecords();
    private final EventLoopGroup group;
    private final List<Runnable> parts = new ArrayList<>();
    private final HboneTestClient client;

    private FidelityWorld(Path directory) {
        this.directory = directory;
        ca = new TestCa(directory.resolve("certs"));
        group = new MultiThreadIoEventLoopGroup(
                2, new DefaultThreadFactory("fidelity-pods", true), NioIoHandler.newFactory());
        client = new HboneTestClient(ca.root());
    }

    /** Starts all pods; files go into the directory. */
    public static FidelityWorld start(Path directory) {
        FidelityWorld world = new FidelityWorld(directory);
        for (BaseMesh.Pod p : BaseMesh.pods()) {
            EchoApp app = EchoApp.start(p.name(), p.ip(), p.ports(), world.records, world.group);
            world.parts.add(app::close);
            HbonePod hbone = HbonePod.start(
                    p.name(),
                    p.ip(),
                    world.ca,
                    world.ca.leaf(p.namespace(), p.serviceAccount()),
                    world.records,
                    world.group);
            world.parts.add(hbone::close);
        }
        return world;
    }

    public TestCa ca() {
        return ca;
    }

    public EchoRecords records() {
        return records;
    }

    public HboneTestClient client() {
        return client;
    }

    InetSocketAddress waypoint() {
        return WAYPOINT;
    }

    Path directory() {
        return directory;
    }

    /**
     * A connection and one tunnel to a destination that nobody serves, so that TLS and HTTP/2 are loaded before anything is timed. It stays open while the case is played: without any connection the
     * waypoint's TLS server forgets its context, and making it anew (a key derivation) for each request would be most of the suite's time.
     */
    HboneTestConnection warm() throws IOException {
        TunnelRequest request = TunnelRequest.of(WAYPOINT, ca.leaf("default", "client"), "10.255.255.1:1")
                .patience(Duration.ofSeconds(10));
        HboneTestConnection connection = client.connect(request);
        try {
            connection.open(request).close();
        } catch (RefusedException e) {
            // The expected end of that tunnel; the connection goes on.
            return connection;
        }
        return connection;
    }

    @Override
    public void close() {
        parts.forEach(Runnable::run);
        client.close();
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    }
}
