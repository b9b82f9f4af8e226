package io.milepost.testbed.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.milepost.config.xds.DumpSource;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoApp;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.echo.HbonePod;
import io.milepost.testbed.hbone.HboneTestClient;
import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.RefusedException;
import io.milepost.testbed.hbone.Tunnel;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A waypoint configured from resources of istiod instead of YAML, over real HBONE. The dump is our own, in the form of the
 * recorded ones: one service of two versions (a pod with HBONE, one without), a DENY policy, the pod's address.
 */
class DumpTest {
    private static final String WAYPOINT = "127.50.0.1";
    private static final String POD = "127.50.1.1";
    private static final String PLAIN_POD = "127.50.1.2";
    private static final String SERVICE = "127.50.9.1";

    @TempDir
    static Path dir;

    private static TestCa ca;
    private static EventLoopGroup group;
    private static EchoRecords records;
    private static EchoApp app;
    private static EchoApp plainApp;
    private static HbonePod hbone;
    private static HboneTestClient client;
    private static Waypoint waypoint;

    @BeforeAll
    static void start() throws Exception {
        ca = new TestCa(dir);
        group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("dump-pods", true), NioIoHandler.newFactory());
        records = new EchoRecords();
        app = EchoApp.start("shop-0", POD, List.of(8080), records, group);
        plainApp = EchoApp.start("shop-v2-0", PLAIN_POD, List.of(8080), records, group);
        hbone = HbonePod.start("shop-0", POD, ca, ca.leaf("default", "shop"), records, group);
        client = new HboneTestClient(ca.root());
        TestCa.Leaf identity = ca.leaf("default", "waypoint");
        Path dump = Path.of(
                Objects.requireNonNull(DumpTest.class.getResource("lds.json")).toURI());
        waypoint = Waypoint.start(
                new DumpSource(Objects.requireNonNull(dump.getParent())),
                new PemWorkloadCertificates(ca.root(), identity.cert(), identity.key()),
                1,
                List.of(new InetSocketAddress(WAYPOINT, 15008)),
                new AccessLogWriter(
                        Duration.ofMillis(2), Map.of("/dev/stdout", logFile().toString())));
    }

    @AfterAll
    static void stop() {
        waypoint.close();
        client.close();
        hbone.close();
        app.close();
        plainApp.close();
        group.shutdownGracefully().syncUninterruptibly();
    }

    private static Path logFile() {
        return dir.resolve("access.log");
    }

    private static Tunnel open(String authority) throws IOException {
        return client.open(
                TunnelRequest.of(new InetSocketAddress(WAYPOINT, 15008), ca.leaf("default", "client"), authority)
                        .from(InetAddress.getByName("127.50.2.1")));
    }

    private static void logged(String line) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(Files.readAllLines(logFile())).contains(line));
    }

    @Test
    void clusterOfTunnels() throws Exception {
        records.clear();
        try (Tunnel t = open(SERVICE + ":80")) {
            HttpAnswer a = Http1.get(t, "shop", "/a");
            assertThat(a.status()).isEqualTo("200");
            assertThat(a.text()).contains("\"pod\": \"shop-0\"").contains("\"path\": \"/a\"");
        }
        assertThat(records.connects())
                .singleElement()
                .satisfies(c -> assertThat(c.headers()).contains(new EchoRecords.Header(":authority", POD + ":8080")));
        logged("GET /a 200 via_upstream inbound-vip|80|http|shop.default.svc.cluster.local default");
    }

    @Test
    void routeRewritesToAPlainEndpoint() throws Exception {
        try (Tunnel t = open(SERVICE + ":80")) {
            HttpAnswer a = Http1.get(t, "shop", "/v2/b");
            assertThat(a.status()).isEqualTo("200");
            assertThat(a.text())
                    .contains("\"pod\": \"shop-v2-0\"")
                    .contains("\"path\": \"/two/b\"")
                    .contains("[\"x-version\", \"2\"]");
        }
        logged("GET /two/b 200 via_upstream inbound-vip|80|http|shop-v2.default.svc.cluster.local v2");
    }

    @Test
    void policyDenies() throws Exception {
        try (Tunnel t = open(SERVICE + ":80")) {
            HttpAnswer a = Http1.get(t, "shop", "/secret");
            assertThat(a.status()).isEqualTo("403");
            assertThat(a.text()).isEqualTo("RBAC: access denied");
        }
        logged("GET /secret 403 rbac_access_denied_matched_policy[ns[default]-policy[secret]-rule[0]] "
                + "inbound-vip|80|http|shop.default.svc.cluster.local default");
    }

    @Test
    void addressOfThePod() throws Exception {
        try (Tunnel t = open(POD + ":8080")) {
            assertThat(Http1.get(t, "shop", "/direct").text()).contains("\"pod\": \"shop-0\"");
        }
        logged("GET /direct 200 via_upstream encap direct");
    }

    @Test
    void whatTheListenerDoesNotNameIsRefused() {
        assertThatThrownBy(() -> open(SERVICE + ":81").close())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("503");
    }
}
