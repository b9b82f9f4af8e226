package io.milepost.testbed.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.HttpAnswer;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * What the Gateway API promises beyond its conformance tables and beyond istiod, through the real waypoint in strict mode:
 * filters of backends, sessions, TLS and retry budgets of backends.
 */
class StrictModeTest extends StrictMode {
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
