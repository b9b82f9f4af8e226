package io.milepost.testbed.soak;

import io.milepost.hbone.HboneClient;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.TunnelTarget;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.HbonePod;
import io.milepost.testbed.load.MeshParts;
import io.milepost.testbed.load.WaypointProgram;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** One TCP application on two ports behind a waypoint in a process of its own, and a client that opens tunnels to it. */
final class SoakMesh implements AutoCloseable {
    /** The application that sends. */
    static final int SOURCE = 9000;
    /** The application that receives. */
    static final int SINK = 9001;

    private static final String VIP = "10.96.33.1";
    /** Heap and allocator as {@code ./milepost waypoint} sets them. */
    private static final List<String> AS_INSTALLED = List.of(
            "-Xms40m",
            "-Xmx128m",
            "-Xmn16m",
            "-Dio.netty.allocator.type=pooled",
            "-Dio.netty.allocator.numDirectArenas=2",
            "-Dio.netty.allocator.maxOrder=6");

    private final String net;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(2, new DefaultThreadFactory("soak", true), NioIoHandler.newFactory());
    private final WaypointProgram waypoint;
    private final HboneClient client;

    /**
     * @param folder for certificates, configuration and logs
     * @param net first two octets of all addresses
     * @param pace bytes per second of each reader
     * @param source handler of each connection to {@link #SOURCE}
     * @param sink handler of each connection to {@link #SINK}
     */
    SoakMesh(
            Path folder,
            String net,
            List<String> jvmOptions,
            long pace,
            Supplier<? extends ChannelHandler> source,
            Supplier<? extends ChannelHandler> sink)
            throws IOException {
        this.net = net;
        try {
            TestCa ca = new TestCa(Files.createDirectories(folder.resolve("ca")));
            int unread = receiveBuffer(pace);
            listen(SOURCE, unread, source);
            listen(SINK, unread, sink);
            Path config = Files.createDirectories(folder.resolve("config"));
            Files.writeString(config.resolve("mesh.yaml"), yaml());
            List<String> flags = new ArrayList<>(AS_INSTALLED);
            flags.addAll(jvmOptions);
            waypoint = new WaypointProgram(
                    folder, net + ".15.1", ca.root(), ca.leaf("default", "waypoint"), flags, List.of());
            parts.push(waypoint);
            waypoint.awaitReady();
            TestCa.Leaf leaf = ca.leaf("default", "client");
            PemWorkloadCertificates certificates = new PemWorkloadCertificates(ca.root(), leaf.cert(), leaf.key());
            parts.push(certificates);
            client = MeshParts.patientClient(certificates, Duration.ofSeconds(60))
                    .maxWaiting(100_000)
                    .build();
            parts.push(client);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * What the kernel takes is not held back by anybody; the application would look faster than it is. But with less than some
     * segments of the loopback (64 KiB each) the kernel sends by its persist timer only: 150 KB/s, whoever reads.
     */
    private static int receiveBuffer(long pace) {
        return Math.clamp(pace / 4, 16 << 10, 256 << 10);
    }

    private void listen(int port, int unread, Supplier<? extends ChannelHandler> handler) {
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(4096))
                .childOption(ChannelOption.SO_RCVBUF, unread)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(handler.get());
                    }
                })
                .bind(new InetSocketAddress(net + ".1.1", port))
                .syncUninterruptibly()
                .channel();
        parts.push(() -> listener.close().syncUninterruptibly());
    }

    /** A tunnel through the waypoint to a port of the application. */
    CompletableFuture<Channel> open(int port, ChannelHandler handler) {
        CompletableFuture<Channel> result = new CompletableFuture<>();
        EventLoop loop = loops.next();
        TunnelTarget target = new TunnelTarget(
                new InetSocketAddress(net + ".15.1", HbonePod.PORT),
                List.of("spiffe://cluster.local/ns/default/sa/waypoint"),
                VIP + ":" + port);
        loop.execute(() -> client.open(loop, target, handler).addListener((Future<Channel> done) -> {
            if (done.isSuccess()) {
                result.complete(done.getNow());
            } else {
                result.completeExceptionally(done.cause());
            }
        }));
        return result;
    }

    WaypointProgram waypoint() {
        return waypoint;
    }

    /** Resident memory of the waypoint's process, in bytes. */
    long waypointRss() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(waypoint.pid()), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.substring(6).replace("kB", "").trim()) << 10;
            }
        }
        throw new IOException(
                "the waypoint's process says nothing of its memory: has it ended? Its log says:\n" + waypoint.log());
    }

    @Override
    public void close() {
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception e) {
                System.err.println("soak: closing " + part + ": " + e);
            }
        }
        parts.clear();
        loops.shutdownGracefully();
    }

    private String yaml() {
        return MeshParts.WAYPOINT + """
                apiVersion: v1
                kind: Pod
                metadata: {name: app, namespace: default, uid: uid-app, labels: {app: app}}
                spec:
                  containers: [{name: app, image: app}]
                status:
                  phase: Running
                  podIP: @NET@.1.1
                  podIPs: [{ip: @NET@.1.1}]
                  conditions: [{type: Ready, status: "True"}]
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: app, namespace: default}
                spec:
                  clusterIP: @VIP@
                  clusterIPs: [@VIP@]
                  ports:
                  - {name: source, port: 9000, targetPort: 9000, protocol: TCP, appProtocol: tcp}
                  - {name: sink, port: 9001, targetPort: 9001, protocol: TCP, appProtocol: tcp}
                  selector: {app: app}
                """.replace("@NET@", net).replace("@VIP@", VIP);
    }
}
