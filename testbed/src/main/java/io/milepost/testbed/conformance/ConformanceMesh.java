package io.milepost.testbed.conformance;

import io.milepost.config.kube.GatewayApiMode;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoApp;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.echo.HbonePod;
import io.milepost.testbed.hbone.HboneTestClient;
import io.milepost.testbed.hbone.HboneTestConnection;
import io.milepost.testbed.hbone.TunnelRequest;
import io.milepost.waypoint.Waypoint;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The mesh of conformance/gateway-api/inventory.yaml: pods, a CA and one waypoint whose configuration is exchanged from test to test. */
@SuppressWarnings("FutureReturnValueIgnored")
public final class ConformanceMesh implements AutoCloseable {
    private static final String NAMESPACE = "gateway-conformance-mesh";
    private static final String WAYPOINT_IP = "127.0.15.2";
    private static final InetSocketAddress WAYPOINT = new InetSocketAddress(WAYPOINT_IP, HbonePod.PORT);
    private static final List<Integer> PORTS = List.of(8080, 8081, 7070);
    private static final Map<String, String> PODS =
            Map.of("echo-v1", "127.1.8.1", "echo-v2", "127.1.8.2", "echo-v3", "127.1.8.3", "web-backend", "127.1.8.4");
    private static final Map<String, String> VIPS =
            Map.of("echo", "10.97.0.10", "echo-v1", "10.97.0.11", "echo-v2", "10.97.0.12", "echo-v3", "10.97.0.13");

    private final Path files;
    private final TestCa ca;
    private final EchoRecords records = new EchoRecords();
    private final EventLoopGroup group;
    private final List<Runnable> parts = new ArrayList<>();
    private final HboneTestClient client;
    private final Applied applied = new Applied();
    private final Waypoint waypoint;
    private final HboneTestConnection warm;

    /**
     * Starts the mesh.
     *
     * @param files a directory for certificates and YAML
     * @param inventory conformance/gateway-api/inventory.yaml
     */
    public ConformanceMesh(Path files, Path inventory) throws IOException {
        this.files = Files.createDirectories(files.resolve("config"));
        Files.copy(inventory, this.files.resolve("inventory.yaml"));
        ca = new TestCa(files.resolve("certs"));
        group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("conformance-pods", true), NioIoHandler.newFactory());
        client = new HboneTestClient(ca.root());
        PODS.forEach((app, ip) -> {
            String namespace = app.equals("web-backend") ? "gateway-conformance-web-backend" : NAMESPACE;
            EchoApp echo = EchoApp.start(app + "-0", ip, PORTS, records, group);
            parts.add(echo::close);
            HbonePod pod = HbonePod.start(app + "-0", ip, ca, ca.leaf(namespace, app), records, group);
            parts.add(pod::close);
        });
        TestCa.Leaf own = ca.leaf(NAMESPACE, "waypoint");
        applied.put(translate(""));
        waypoint = Waypoint.start(
                applied, new PemWorkloadCertificates(ca.root(), own.cert(), own.key()), 1, List.of(WAYPOINT));
        // While a connection is open, the waypoint keeps its TLS context: no key derivation for each request.
        warm = client.connect(tunnel(false, "echo", 80));
    }

    /** Configuration that is put in force by a call. */
    private static final class Applied implements SnapshotSource {
        private @Nullable Consumer<MeshSnapshot> receiver;
        private @Nullable MeshSnapshot current;

        synchronized void put(MeshSnapshot snapshot) {
            current = snapshot;
            if (receiver != null) {
                receiver.accept(snapshot);
            }
        }

        @Override
        public synchronized void start(Consumer<MeshSnapshot> to) {
            receiver = to;
            to.accept(Objects.requireNonNull(current, "put() comes first"));
        }

        @Override
        public synchronized void close() {
            receiver = null;
        }
    }

    /** Applies the objects of a test on top of the inventory; the next request sees them. */
    public void apply(ConformanceTable.Test test) throws IOException {
        applied.put(translate(test.objects()));
    }

    private MeshSnapshot translate(String objects) throws IOException {
        Files.writeString(files.resolve("test.yaml"), objects);
        ObjectFiles.Parsed parsed = ObjectFiles.read(files).parse();
        SnapshotBuilder.Result result = new SnapshotBuilder(new AuthorizationTranslator(), GatewayApiMode.STRICT)
                .build(new KubeObjects(parsed.objects()), Optional.of(GatewayRef.parse(NAMESPACE + "/waypoint")));
        if (!parsed.findings().isEmpty() || !result.errors().isEmpty()) {
            throw new IllegalStateException("not applied: " + parsed.findings() + result.errors());
        }
        return result.snapshot();
    }

    EchoRecords records() {
        return records;
    }

    HboneTestClient client() {
        return client;
    }

    /** A tunnel as the client's ztunnel opens it. */
    TunnelRequest tunnel(boolean consumer, String service, int port) throws IOException {
        String vip = VIPS.get(service);
        if (vip == null) {
            throw new IllegalArgumentException("no service " + service + " to ask; there are " + VIPS.keySet());
        }
        TestCa.Leaf leaf = consumer ? ca.leaf(NAMESPACE + "-consumer", "consumer") : ca.leaf(NAMESPACE, "echo-v1");
        return TunnelRequest.of(WAYPOINT, leaf, vip + ":" + port)
                .from(InetAddress.getByName(consumer ? "127.2.8.2" : "127.2.8.1"))
                .patience(Duration.ofSeconds(10));
    }

    /** A tunnel to any address, from any address of a client pod. */
    TunnelRequest tunnel(String authority, String from) throws IOException {
        return TunnelRequest.of(WAYPOINT, ca.leaf(NAMESPACE, "echo-v1"), authority)
                .from(InetAddress.getByName(from))
                .patience(Duration.ofSeconds(10));
    }

    TestCa ca() {
        return ca;
    }

    @Override
    public void close() {
        warm.close();
        waypoint.close();
        client.close();
        parts.forEach(Runnable::run);
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    }
}
