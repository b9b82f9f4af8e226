package io.milepost.testbed.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import io.milepost.testsupport.ClientHellos;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Raw connections through the real waypoint in strict mode: server names, hashes, idle times, limits. */
class StrictConnectionsTest extends StrictMode {
    /** Answers the first bytes of each connection with its own name. */
    private void tcpServer(String ip, int port, String name) throws IOException {
        ServerSocket server = new ServerSocket(port, 50, InetAddress.getByName(ip));
        servers.add(server);
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket s = server.accept()) {
                    byte[] in = new byte[16_384];
                    int n = s.getInputStream().read(in);
                    if (n > 0) {
                        s.getOutputStream()
                                .write((name + " got " + n + (in[0] == 22 ? " of TLS" : "") + "\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                    }
                } catch (SocketException e) {
                    // Closed by the end of the test.
                    return;
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
    }

    private String ask(String authority, String from, byte[] first, int pieces) throws IOException {
        TunnelRequest r = mesh.tunnel(authority, from);
        try (Tunnel t = mesh.client().open(r)) {
            int size = (first.length + pieces - 1) / pieces;
            for (int at = 0; at < first.length; at += size) {
                t.send(java.util.Arrays.copyOfRange(first, at, Math.min(first.length, at + size)));
            }
            t.recvUntil(() -> t.received().indexOf("\n") >= 0 || t.ended());
            return new String(t.received().peek(t.received().size()), StandardCharsets.US_ASCII).strip();
        }
    }

    private static String tlsRoute(String name, String hostnames, String backend) {
        return "kind: TLSRoute\nmetadata: {name: " + name + "}\nspec:\n"
                + "  parentRefs: [{group: \"\", kind: Service, name: secure}]\n" + hostnames
                + "  rules: [{backendRefs: [{name: " + backend + ", port: 9443}]}]\n---\n";
    }

    private static final String SERVER_NAMES = service("secure-v1", "10.97.0.43", "app: echo, version: v1", "name: tcp")
            + service("secure-v2", "10.97.0.44", "app: echo, version: v2", "name: tcp")
            + tlsRoute("one", "  hostnames: [one.example]\n", "secure-v1")
            + tlsRoute("some", "  hostnames: [\"*.example\"]\n", "secure-v2");

    @Test
    void connectionsAreToldApartByServerName() throws Exception {
        tcpServer(V1, 9443, "v1");
        tcpServer(V2, 9443, "v2");
        tcpServer(V3, 9443, "v3");
        byte[] one = ClientHellos.of("ONE.example");
        byte[] plain = "no TLS\n".getBytes(StandardCharsets.US_ASCII);
        for (String port : List.of("name: tls", "name: undeclared")) {
            apply(service("secure", "10.97.0.42", "app: echo-v3", port) + SERVER_NAMES);
            String vip = "10.97.0.42:9443";
            assertThat(ask(vip, "127.2.8.1", one, 1)).isEqualTo("v1 got " + one.length + " of TLS");
            assertThat(ask(vip, "127.2.8.1", one, 4)).startsWith("v1 got ").endsWith(" of TLS");
            assertThat(ask(vip, "127.2.8.1", ClientHellos.of("a.b.example"), 1)).startsWith("v2 got ");
            assertThat(ask(vip, "127.2.8.1", ClientHellos.of("other.test"), 1)).startsWith("v3 got ");
            assertThat(ask(vip, "127.2.8.1", ClientHellos.of(null), 1)).startsWith("v3 got ");
            assertThat(ask(vip, "127.2.8.1", plain, 1)).isEqualTo("v3 got " + plain.length);
        }
    }

    /** consistentHash with useSourceIp, for raw TCP. */
    @Test
    void oneClientsConnectionsGoToOneEndpoint() throws Exception {
        tcpServer(V1, 9444, "v1");
        tcpServer(V2, 9444, "v2");
        apply(service("hashed", "10.97.0.45", "app: echo", "name: tcp", 9444)
                + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: hashed}\n"
                + "spec: {host: hashed, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}\n");
        byte[] hello = "hello\n".getBytes(StandardCharsets.US_ASCII);
        Set<String> all = new TreeSet<>();
        for (int client = 1; client <= 20; client++) {
            Set<String> own = new TreeSet<>();
            for (int i = 0; i < 4; i++) {
                own.add(ask("10.97.0.45:9444", "127.2.8." + (100 + client), hello, 1));
            }
            assertThat(own).as("client %s", client).hasSize(1);
            all.addAll(own);
        }
        assertThat(all).containsExactly("v1 got 6", "v2 got 6");
    }

    /** connectionPool.tcp of a DestinationRule: idleTimeout and maxConnectionDuration end raw connections. */
    @Test
    void rawConnectionsEndWhenTheyAreIdleOrOld() throws Exception {
        for (String limit : List.of("idleTimeout: 300ms", "maxConnectionDuration: 300ms")) {
            apply(service("limited", "10.97.0.47", "app: echo-v3", "name: tcp", 8080)
                    + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: limited}\n"
                    + "spec: {host: limited, trafficPolicy: {connectionPool: {tcp: {" + limit + "}}}}\n");
            long before = System.nanoTime();
            try (Tunnel t = mesh.client().open(mesh.tunnel("10.97.0.47:8080", "127.2.8.1"))) {
                t.recvUntil(t::ended);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .as(limit)
                    .isBetween(Duration.ofMillis(290), Duration.ofSeconds(9));
        }
    }

    /** connectionPool: one connection and nobody who waits, for raw TCP and for HTTP; what is beyond gets 503. */
    @Test
    void limitsOfConnections() throws Exception {
        apply(service("limited", "10.97.0.48", "app: echo-v3", "name: tcp", 8080)
                + route("{backendRefs: [{name: echo-v1, port: 80}]}")
                + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: limited}\n"
                + "spec: {host: limited, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}}\n---\n"
                + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: echo-v1}\n"
                + "spec: {host: echo-v1, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}}\n");
        TunnelRequest raw = mesh.tunnel("10.97.0.48:8080", "127.2.8.1");
        try (Tunnel first = mesh.client().open(raw)) {
            first.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            first.recvUntil(() -> first.received().indexOf("HTTP/1.1 200") >= 0);
            assertThatThrownBy(() -> mesh.client().open(raw).close()).hasMessageContaining("503");
        }
        Thread slow = Thread.ofVirtual().start(() -> {
            try {
                get("/slow", "x-echo-delay-ms", "3000");
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        org.awaitility.Awaitility.await()
                .untilAsserted(() ->
                        assertThat(mesh.records().seen()).anyMatch(s -> s.path().equals("/slow")));
        HttpAnswer beyond = get("/beyond");
        assertThat(beyond.status()).isEqualTo("503");
        assertThat(beyond.text()).contains("overflow");
        slow.join();
        assertThat(get("/after").status()).isEqualTo("200");
    }
}
