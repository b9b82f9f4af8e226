package io.milepost.testbed.demo;

import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.hbone.HboneTestClient;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The client side of one pod: takes connections by SOCKS5 and carries each through a tunnel of its own to the waypoint,
 * with the pod's certificate. It does what a ztunnel would do for a service that has a waypoint, and no more.
 */
final class SocksEntry implements AutoCloseable {
    private static final int HBONE_PORT = 15008;
    private static final int BUFFER = 16_384;
    private static final byte[] ESTABLISHED = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    private static final byte[] UNREACHABLE = {5, 4, 0, 1, 0, 0, 0, 0, 0, 0};

    private final Pod pod;
    private final TestCa.Leaf certificate;
    private final Supplier<MeshSnapshot> configuration;
    private final InetSocketAddress waypoint;
    private final HboneTestClient client;
    private final ServerSocket listener;

    SocksEntry(
            Pod pod,
            TestCa.Leaf certificate,
            Supplier<MeshSnapshot> configuration,
            InetAddress waypoint,
            HboneTestClient client)
            throws IOException {
        this.pod = pod;
        this.certificate = certificate;
        this.configuration = configuration;
        this.waypoint = new InetSocketAddress(waypoint, HBONE_PORT);
        this.client = client;
        listener = new ServerSocket(Pod.SOCKS_PORT, 128, pod.address());
        Thread.ofVirtual().name("socks-" + pod.name()).start(this::accept);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    System.err.println("demo: SOCKS5 port of " + pod.name() + ": " + e.getMessage());
                }
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            String authority = authority(in, out);
            if (authority.isEmpty()) {
                out.write(UNREACHABLE);
                return;
            }
            TunnelRequest request = TunnelRequest.of(waypoint, certificate, authority)
                    .from(pod.address())
                    .patience(Duration.ofMinutes(5));
            try (Tunnel tunnel = client.open(request)) {
                out.write(ESTABLISHED);
                out.flush();
                Thread up = Thread.ofVirtual().start(() -> upload(in, tunnel));
                download(tunnel, out);
                up.interrupt();
            }
        } catch (IOException e) {
            System.err.println("demo: a connection of " + pod.name() + " failed: " + e.getMessage());
        }
    }

    /** Speaks SOCKS5 up to the request and returns the service address it means; empty when it means nothing known. */
    private String authority(DataInputStream in, OutputStream out) throws IOException {
        if (in.readUnsignedByte() != 5) {
            throw new IOException("not SOCKS5");
        }
        in.readFully(new byte[in.readUnsignedByte()]);
        out.write(new byte[] {5, 0});
        out.flush();
        byte[] head = new byte[3];
        in.readFully(head);
        String host = switch (in.readUnsignedByte()) {
            case 1 -> address(in, 4);
            case 4 -> address(in, 16);
            case 3 -> {
                byte[] name = new byte[in.readUnsignedByte()];
                in.readFully(name);
                yield new String(name, StandardCharsets.US_ASCII);
            }
            default -> throw new IOException("unknown SOCKS5 address type");
        };
        int port = in.readUnsignedShort();
        Optional<IpAddress> literal = IpAddress.parse(host);
        if (literal.isPresent()) {
            return authority(literal.get(), port);
        }
        MeshService service =
                ServiceNames.find(configuration.get(), pod.identity().namespace(), host);
        if (service == null || service.addresses().isEmpty()) {
            return "";
        }
        return authority(service.addresses().getFirst().address(), port);
    }

    private static String address(DataInputStream in, int length) throws IOException {
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return IpAddress.of(bytes).toString();
    }

    private static String authority(IpAddress address, int port) {
        return (address.v6() ? "[" + address + "]" : address.toString()) + ":" + port;
    }

    private static void upload(InputStream in, Tunnel tunnel) {
        byte[] buffer = new byte[BUFFER];
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                tunnel.send(java.util.Arrays.copyOf(buffer, n));
            }
            tunnel.end();
        } catch (IOException _) {
            // The application or the peer is gone; the other direction ends by the same cause and reports it.
            tunnel.close();
        }
    }

    private static void download(Tunnel tunnel, OutputStream out) throws IOException {
        while (!tunnel.ended() || !tunnel.received().isEmpty()) {
            tunnel.recvUntil(() -> !tunnel.received().isEmpty());
            out.write(tunnel.received().takeAll());
            out.flush();
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            System.err.println("demo: SOCKS5 port of " + pod.name() + ": " + e.getMessage());
        }
    }
}
