package io.milepost.testbed.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import io.milepost.testsupport.ClientHellos;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the Gateway API promises beyond its conformance tables and beyond istiod, through the real waypoint in strict mode:
 * filters of backends, sessions, server names, TLS and retry budgets of backends.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StrictModeTest {
    private static final String V1 = "127.1.8.1";
    private static final String V2 = "127.1.8.2";
    private static final String V3 = "127.1.8.3";

    @TempDir
    static Path directory;

    private final List<AutoCloseable> servers = new CopyOnWriteArrayList<>();
    private ConformanceMesh mesh;

    @BeforeAll
    void start() throws IOException {
        mesh = new ConformanceMesh(
                directory.resolve("mesh"), Path.of("../conformance/gateway-api").resolve("inventory.yaml"));
    }

    @AfterAll
    void stop() {
        mesh.close();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable s : servers) {
            s.close();
        }
        servers.clear();
    }

    private void apply(String objects) throws IOException {
        String documents = objects.endsWith("---\n") ? objects.substring(0, objects.length() - 4) : objects;
        Path file = Files.createTempFile(directory, "table", ".yaml");
        Files.writeString(
                file,
                "- {test: Own, objects: \"" + documents.replace("\"", "\\\"").replace("\n", "\\n") + "\"}");
        mesh.apply(ConformanceTable.load(file).getFirst());
        mesh.records().clear();
    }

    private static String route(String rules) {
        return "kind: HTTPRoute\nmetadata: {name: own}\nspec:\n"
                + "  parentRefs: [{group: \"\", kind: Service, name: echo, port: 80}]\n  rules: [" + rules + "]\n---\n";
    }

    private HttpAnswer get(String path, String... headers) throws IOException {
        List<HttpHeader> all = new ArrayList<>(List.of(new HttpHeader("Host", "echo")));
        for (int i = 0; i < headers.length; i += 2) {
            all.add(new HttpHeader(headers[i], headers[i + 1]));
        }
        try (Tunnel t = mesh.client().open(mesh.tunnel(false, "echo", 80))) {
            return Http1.exchange(t, "GET", path, all, new byte[0]);
        }
    }

    private static String pod(HttpAnswer a) throws IOException {
        assertThat(a.status()).as(a.text()).isEqualTo("200");
        return ConformanceReport.JSON.readTree(a.body()).path("pod").asText();
    }

    @Test
    void filtersOfABackendAreForItsShareOnly() throws IOException {
        apply(route("""
                {matches: [{path: {type: PathPrefix, value: /a}}], backendRefs: [
                  {name: echo-v1, port: 80, filters: [
                    {type: URLRewrite, urlRewrite: {hostname: one.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /one}}},
                    {type: RequestMirror, requestMirror: {backendRef: {name: echo-v3, port: 80}}}]},
                  {name: echo-v2, port: 80, filters: [
                    {type: RequestRedirect, requestRedirect: {hostname: two.example, statusCode: 301}}]},
                  {name: echo-v2, port: 8080, filters: [{type: CORS, cors: {}}]}]}"""));
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < 60; i++) {
            HttpAnswer a = get("/a/x");
            String what = a.status();
            if (a.status().equals("200")) {
                JsonNode echo = ConformanceReport.JSON.readTree(a.body());
                what = echo.path("pod").asText() + " " + echo.path("path").asText();
                assertThat(echo.path("headers").toString()).contains("one.example");
            } else if (a.status().equals("301")) {
                what += " " + a.header("location");
            }
            seen.merge(what, 1, Integer::sum);
        }
        // A third each: chance alone misses one of them once in 10^10 times.
        assertThat(seen.keySet()).containsExactlyInAnyOrder("echo-v1-0 /one/x", "301 http://two.example/a/x", "500");
        org.awaitility.Awaitility.await()
                .untilAsserted(() -> assertThat(mesh.records().seen().stream()
                                .filter(s -> s.pod().equals("echo-v3-0"))
                                .map(EchoRecords.Seen::path))
                        .as("copies of the first backend's requests")
                        .hasSize(Objects.requireNonNull(seen.get("echo-v1-0 /one/x")))
                        .containsOnly("/one/x"));
    }

    private static String sticky(String... pods) {
        return "apiVersion: v1\nkind: Service\nmetadata: {name: sticky}\n"
                + "spec: {clusterIP: 10.97.0.40, ports: [{name: http, port: 80, targetPort: 8080}]}\n---\n"
                + "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
                + "metadata: {name: sticky-1, labels: {kubernetes.io/service-name: sticky}}\n"
                + "addressType: IPv4\nendpoints: ["
                + String.join(
                        ", ",
                        java.util.Arrays.stream(pods)
                                .map(p -> "{addresses: [" + p + "], conditions: {ready: true}}")
                                .toList())
                + "]\nports: [{name: http, port: 8080, protocol: TCP}]\n---\n";
    }

    private static final String STICKY = route("{backendRefs: [{name: sticky, port: 80}], sessionPersistence: "
            + "{sessionName: sid, type: Cookie, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}}");

    private static String cookie(HttpAnswer a) {
        String line = Objects.requireNonNull(a.header("set-cookie"), "no cookie in " + a.headers());
        return line.substring(0, line.indexOf(';'));
    }

    /** GEP-1619: a session stays with its endpoint while that is there, whatever happens to others. */
    @Test
    void aSessionStaysWithItsEndpoint() throws IOException {
        apply(sticky(V1, V2) + STICKY);
        Set<String> pods = new TreeSet<>();
        HttpAnswer first = get("/");
        for (int i = 0; i < 40; i++) {
            HttpAnswer a = get("/");
            assertThat(a.header("set-cookie")).matches("sid=[\\w-]{44}; Max-Age=3600; Path=/; HttpOnly");
            pods.add(pod(a));
        }
        assertThat(pods).as("without a session every pod gets some").hasSize(2);
        String own = pod(first);
        String address = own.equals("echo-v1-0") ? V1 : V2;
        String other = own.equals("echo-v1-0") ? V2 : V1;
        for (int i = 0; i < 10; i++) {
            HttpAnswer a = get("/", "cookie", "x=y; " + cookie(first));
            assertThat(pod(a)).isEqualTo(own);
            assertThat(a.header("set-cookie")).as("known already").isNull();
        }
        apply(sticky(V3, address) + STICKY);
        for (int i = 0; i < 10; i++) {
            assertThat(pod(get("/", "cookie", cookie(first)))).isEqualTo(own);
        }
        apply(sticky(V3, other) + STICKY);
        HttpAnswer moved = get("/", "cookie", cookie(first));
        assertThat(pod(moved)).isNotEqualTo(own);
        for (int i = 0; i < 10; i++) {
            assertThat(pod(get("/", "cookie", cookie(moved)))).isEqualTo(pod(moved));
        }
    }

    @Test
    void aSessionKeepsItsBackendAmongWeightedOnes() throws IOException {
        String weights =
                "{backendRefs: [{name: echo-v1, port: 80, weight: %d}, {name: echo-v2, port: 80, weight: %d}], "
                        + "sessionPersistence: {sessionName: x-session, type: Header}}";
        apply(route(String.format(weights, 1, 1_000_000)));
        HttpAnswer first = get("/");
        assertThat(pod(first)).isEqualTo("echo-v2-0");
        String session = Objects.requireNonNull(first.header("x-session"));
        apply(route(String.format(weights, 1_000_000, 1)));
        assertThat(pod(get("/"))).isEqualTo("echo-v1-0");
        for (int i = 0; i < 10; i++) {
            assertThat(pod(get("/", "x-session", session))).isEqualTo("echo-v2-0");
        }
        assertThat(pod(get("/", "x-session", "A".repeat(44))))
                .as("no session of ours")
                .isEqualTo("echo-v1-0");
    }

    /** {@code timeouts.backendRequest} with {@code retry}: the second try is made, and it is late, too. */
    @Test
    void slowTriesAreTriedAgain() throws IOException {
        apply(route("{backendRefs: [{name: echo-v1, port: 80}], timeouts: {backendRequest: 700ms}, "
                + "retry: {attempts: 1, codes: [503], backoff: 10ms}}"));
        HttpAnswer a = get("/slow", "x-echo-delay-ms", "6000");
        assertThat(a.status()).isEqualTo("504");
        assertThat(mesh.records().seen()).hasSize(2);
    }

    /** A budget of nothing forbids what the rule allows. */
    @Test
    void retryBudgets() throws IOException {
        String rule =
                route("{backendRefs: [{name: echo-v1, port: 80}], retry: {attempts: 1, codes: [503], backoff: 10ms}}");
        apply(rule);
        assertThat(get("/", "x-echo-id", "budget-1", "x-echo-fail-first", "1").status())
                .isEqualTo("200");
        apply(rule + """
                apiVersion: gateway.networking.x-k8s.io/v1alpha1
                kind: XBackendTrafficPolicy
                metadata: {name: budget}
                spec:
                  targetRefs: [{group: "", kind: Service, name: echo-v1}]
                  retryConstraint: {budget: {percent: 0, interval: 10s}, minRetryRate: {count: 0, interval: 10s}}
                """);
        assertThat(get("/", "x-echo-id", "budget-2", "x-echo-fail-first", "1").status())
                .isEqualTo("503");
        assertThat(mesh.records().seen()).hasSize(1);
    }

    /** A route may name a port that its service declares as TCP: HTTP/1.1 is spoken to it. */
    @Test
    void httpRoutesMayLeadToTcpPorts() throws IOException {
        apply("apiVersion: v1\nkind: Service\nmetadata: {name: opaque}\nspec: {clusterIP: 10.97.0.41, "
                + "selector: {app: echo-v3}, ports: [{name: tcp, port: 9000, targetPort: 8080}]}\n---\n"
                + route("{backendRefs: [{name: opaque, port: 9000}]}"));
        HttpAnswer a = get("/x");
        assertThat(pod(a)).isEqualTo("echo-v3-0");
        assertThat(ConformanceReport.JSON.readTree(a.body()).path("proto").asText())
                .isEqualTo("HTTP/1.1");
    }

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

    private static String service(String name, String ip, String selector, String port) {
        return service(name, ip, selector, port, 9443);
    }

    private static String service(String name, String ip, String selector, String port, int number) {
        return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {clusterIP: " + ip
                + ", selector: {" + selector + "}, ports: [{" + port + ", port: " + number + ", targetPort: " + number
                + "}]}\n---\n";
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

    /** BackendTLSPolicy: the authority of a ConfigMap decides whether a backend is spoken to. */
    @Test
    void authoritiesOfBackends() throws Exception {
        TestCa.Leaf leaf = mesh.ca().leaf("gateway-conformance-mesh", "echo-v3");
        HttpsServer https = HttpsServer.create(new InetSocketAddress(V3, 9445), 50);
        JdkSslContext tls = (JdkSslContext)
                SslContextBuilder.forServer(leaf.cert().toFile(), leaf.key().toFile())
                        .sslProvider(SslProvider.JDK)
                        .build();
        https.setHttpsConfigurator(new HttpsConfigurator(tls.context()));
        https.createContext("/", x -> {
            byte[] body = ("secure " + x.getRequestURI() + "\n").getBytes(StandardCharsets.US_ASCII);
            x.sendResponseHeaders(200, body.length);
            x.getResponseBody().write(body);
            x.close();
        });
        https.start();
        servers.add(() -> https.stop(0));
        assertThat(asked(Files.readString(mesh.ca().root()), leaf.spiffeId())).isEqualTo("200 secure /x");
        assertThat(asked(Files.readString(new TestCa(directory.resolve("other")).root()), leaf.spiffeId()))
                .as("another authority")
                .startsWith("503 ");
        assertThat(asked(Files.readString(mesh.ca().root()), "spiffe://cluster.local/ns/other/sa/other"))
                .as("another name")
                .startsWith("503 ");
        assertThat(asked("", leaf.spiffeId())).as("no authority").startsWith("503 ");
    }

    private String asked(String pem, String san) throws IOException {
        apply(service("secured", "10.97.0.46", "app: echo-v3", "name: http", 9445)
                + route("{backendRefs: [{name: secured, port: 9445}]}")
                + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: authorities}\ndata:\n  ca.crt: |\n    "
                + pem.replace("\n", "\n    ") + "\n---\n"
                + "kind: BackendTLSPolicy\nmetadata: {name: secured}\nspec:\n"
                + "  targetRefs: [{group: \"\", kind: Service, name: secured}]\n"
                + "  validation: {hostname: secured.example, caCertificateRefs: [{group: \"\", kind: ConfigMap, "
                + "name: authorities}], subjectAltNames: [{type: URI, uri: \"" + san + "\"}]}\n");
        HttpAnswer a = get("/x");
        return a.status() + " " + a.text().strip();
    }
}
