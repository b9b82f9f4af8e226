package io.milepost.bench.mesh;

import io.milepost.hbone.HboneServer;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.TunnelRequest;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.testbed.ca.TestCa;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The world around a proxy under test: one CA, two pods of service {@code web} that end HBONE and answer in the same process, and the
 * identity of the client. All addresses are of 127.2.16.0/23, so that a demo or a test mesh may run at the same time.
 */
public final class BenchMesh implements AutoCloseable {
    public static final String NAMESPACE = "default";
    public static final int HBONE = 15008;

    /** Service {@code web} and its ports. */
    public static final String HOST = "web.default.svc.cluster.local";

    public static final String VIP = "10.97.0.1";
    public static final int HTTP = 80;
    public static final int H2C = 81;
    public static final int GRPC = 70;
    public static final int GRPC_STREAM = 71;
    public static final int TCP = 90;

    /** A port of the service: its number, its name in Kubernetes, and where the pods listen for it. */
    public record Port(int number, String name, int target) {}

    public static final List<Port> PORTS = List.of(
            new Port(HTTP, "http", 8080),
            new Port(H2C, "http2", 8081),
            new Port(GRPC, "grpc", 7070),
            new Port(GRPC_STREAM, "grpc-stream", 7071),
            new Port(TCP, "tcp", 9090));

    /** A pod of the service. */
    public record Pod(String name, String version, String ip) {}

    public static final List<Pod> PODS =
            List.of(new Pod("web-v1-0", "v1", "127.2.17.1"), new Pod("web-v2-0", "v2", "127.2.17.2"));

    private final TestCa ca;
    private final TestCa.Leaf client;
    private final WorkloadCertificates clientCertificates;
    private final List<AutoCloseable> parts = new ArrayList<>();

    /** Starts the pods. */
    public BenchMesh(Path folder, EventLoopGroup loops) {
        ca = new TestCa(folder);
        client = ca.leaf(NAMESPACE, "client");
        clientCertificates = certificates(client);
        TestCa.Leaf web = ca.leaf(NAMESPACE, "web");
        WorkloadCertificates certificates = certificates(web);
        parts.add(certificates);
        HboneServer server = HboneServer.builder()
                .addresses(PODS.stream()
                        .map(p -> new InetSocketAddress(p.ip(), HBONE))
                        .toArray(InetSocketAddress[]::new))
                .certificates(certificates)
                .workerGroup(loops)
                .service(BenchMesh::serve)
                .start();
        parts.add(server);
    }

    private WorkloadCertificates certificates(TestCa.Leaf leaf) {
        try {
            return new PemWorkloadCertificates(ca.root(), leaf.cert(), leaf.key());
        } catch (IOException e) {
            throw new UncheckedIOException("the certificates of " + leaf.spiffeId() + " cannot be read", e);
        }
    }

    private static void serve(TunnelRequest request) {
        String authority = request.authority();
        ChannelHandler backend = backend(Integer.parseInt(authority.substring(authority.lastIndexOf(':') + 1)));
        if (backend == null) {
            request.refuse(503);
        } else {
            request.accept(backend);
        }
    }

    /** By the pods' port, or by the service's: the floor's client names the service and no proxy translates it. */
    private static @Nullable ChannelHandler backend(int port) {
        return switch (port) {
            case HTTP, 8080 -> new Http1Backend();
            case H2C, 8081 -> new Http2Backend(Http2Backend.Kind.PLAIN);
            case GRPC, 7070 -> new Http2Backend(Http2Backend.Kind.GRPC);
            case GRPC_STREAM, 7071 -> new Http2Backend(Http2Backend.Kind.GRPC_STREAM);
            case TCP, 9090 -> new EchoBackend();
            default -> null;
        };
    }

    public TestCa ca() {
        return ca;
    }

    public WorkloadCertificates clientCertificates() {
        return clientCertificates;
    }

    @Override
    public void close() {
        clientCertificates.close();
        for (AutoCloseable part : parts.reversed()) {
            try {
                part.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing the backends: " + e.getMessage(), e);
            }
        }
    }
}
