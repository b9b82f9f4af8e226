package io.milepost.config.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Condition;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.HeaderMutations;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.HttpSettings;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.Locality;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.OwnHeaders;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.SpiffeId;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.ValueMatch;
import io.milepost.mesh.Workload;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dump written by hand in the form of istiod's, with one example of everything that is read. */
class EnvoyResourceReaderTest {
    private static final String HOST = "shop.default.svc.cluster.local";
    private static final String HTTP = "inbound-vip|80|http|" + HOST;
    private static final String DETECT_HTTP = "inbound-vip|7|http|" + HOST;
    private static final String DETECT_TCP = "inbound-vip|7|tcp|" + HOST;
    private static final String SUBSET = "inbound-vip|80|http/v1|" + HOST;

    private static MeshSnapshot snapshot = MeshSnapshot.EMPTY;
    private static List<String> findings = List.of();

    @BeforeAll
    static void read() throws URISyntaxException {
        EnvoyResourceReader.Result result = EnvoyResourceReader.read(DumpSource.load(dump()));
        snapshot = result.snapshot();
        findings = result.findings();
    }

    private static Path dump() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(EnvoyResourceReaderTest.class.getResource("dump"))
                .toURI());
    }

    @Test
    void dispatch() {
        assertThat(snapshot.dispatch())
                .isEqualTo(new Dispatch(
                        List.of(new Dispatch.Service(
                                HOST,
                                List.of(cidr("10.96.1.1"), cidr("fd00::1")),
                                Map.of(
                                        80, new Dispatch.PortDispatch.Http(HTTP),
                                        7, new Dispatch.PortDispatch.Detect(DETECT_HTTP, DETECT_TCP)))),
                        List.of(cidr("10.1.0.1")),
                        new Dispatch.Direct("direct-http", "direct-tcp")));
    }

    @Test
    void settingsAndRefusedLog() {
        assertThat(snapshot.settings().trustDomain()).isEqualTo("my.td");
        assertThat(snapshot.settings().aliases()).containsExactly("old.td");
        assertThat(snapshot.refusedLogs().accessLogs())
                .extracting(TelemetrySettings.AccessLog::format, TelemetrySettings.AccessLog::filter)
                .containsExactly(tuple(new TelemetrySettings.Format.Text("NR line\n"), ""));
    }

    @Test
    void httpChain() {
        HttpChain c = http(HTTP);
        assertThat(c.host()).isEqualTo(HOST);
        assertThat(c.port()).isEqualTo(80);
        assertThat(c.http())
                .isEqualTo(new HttpSettings(HttpSettings.PathNormalization.MERGE_SLASHES, "istio-envoy", false));
        assertThat(c.telemetry().accessLogs()).singleElement().satisfies(l -> {
            assertThat(l.filter()).isEqualTo("response.code >= 400");
            assertThat(l.format())
                    .isEqualTo(new TelemetrySettings.Format.Json(
                            Map.of("path", "%REQ(:PATH)%", "in", Map.of("n", 5L, "list", List.of("x")))));
        });
        assertThat(c.routes().rules())
                .extracting(RouteRule::name)
                .containsExactly("first", "moved", "teapot", "strange", "default");
    }

    /** GetProxyHeadersFromProxyConfig in the form in which it reaches Envoy. */
    @Test
    void headersOfOurOwn() {
        assertThat(http(HTTP).http().headers()).isEqualTo(OwnHeaders.DEFAULT);
        assertThat(http(DETECT_HTTP).http().serverName()).isEqualTo("mine");
        assertThat(http(DETECT_HTTP).http().headers()).isEqualTo(new OwnHeaders(false, false, false, false));
    }

    @Test
    void matchHeadersFaultAndCors() {
        RouteRule r = rule(0);
        assertThat(r.match())
                .isEqualTo(new RouteMatch(
                        new PathMatch.SegmentPrefix("/cart", false),
                        List.of(
                                new HeaderMatch("x-team", ValueMatch.exact("red")),
                                new HeaderMatch("x-no", ValueMatch.PRESENT, true, false)),
                        List.of(new RouteMatch.QueryMatch("q", new ValueMatch.Regex("[0-9]+")))));
        assertThat(r.requestHeaders().ops())
                .containsExactly(
                        new HeaderMutations.Op("x-set", "1", HeaderMutations.Action.SET),
                        new HeaderMutations.Op("x-add", "2", HeaderMutations.Action.ADD));
        assertThat(r.responseHeaders().remove()).containsExactly("x-gone");
        assertThat(r.fault())
                .contains(new RouteRule.Fault(
                        Optional.of(new RouteRule.Fault.Delay(50, 500_000)),
                        Optional.of(new RouteRule.Fault.Abort(418, -1, 1_000_000))));
        assertThat(r.cors())
                .contains(new RouteRule.Cors(
                        List.of(ValueMatch.exact("https://a.example")),
                        List.of("GET", "PUT"),
                        List.of(),
                        List.of(),
                        "600",
                        Optional.of(true),
                        false));
        assertThat(r.operation()).isEqualTo("shop:80/*");
        assertThat(r.source().toString()).isEqualTo("VirtualService default/shop-routes");
    }

    @Test
    void forward() {
        assertThat(rule(0).action())
                .isEqualTo(new RouteAction.Forward(
                        List.of(
                                new RouteAction.Backend("a", 90),
                                new RouteAction.Backend(
                                        "b",
                                        10,
                                        new HeaderMutations(List.of("x-b"), List.of()),
                                        HeaderMutations.NONE,
                                        Optional.of("b.example"))),
                        true,
                        500,
                        Optional.of(new RouteAction.Rewrite(
                                Optional.of("/basket"), Optional.empty(), Optional.of("new.example"))),
                        RouteAction.Timeouts.NONE,
                        RetryPolicy.ISTIO_DEFAULT,
                        List.of(new RouteAction.Mirror("m", 250_000)),
                        List.of(
                                new RouteAction.HashPolicy.Cookie("sticky", Optional.of(60L), "/p", List.of()),
                                new RouteAction.HashPolicy.Header("x-user"))));
        assertThat(rule(4).action()).isInstanceOfSatisfying(RouteAction.Forward.class, f -> {
            assertThat(f.weighted()).isFalse();
            assertThat(f.missingClusterStatus()).isEqualTo(503);
            assertThat(f.timeouts()).isEqualTo(new RouteAction.Timeouts(1_000, -1));
            assertThat(f.retry()).isEqualTo(RetryPolicy.NONE);
        });
    }

    @Test
    void redirectAndDirectReply() {
        assertThat(rule(1).match().path()).isEqualTo(new PathMatch.Exact("/old", true));
        assertThat(rule(1).action())
                .isEqualTo(new RouteAction.Redirect(
                        302,
                        Optional.empty(),
                        Optional.of("example.org"),
                        8443,
                        Optional.empty(),
                        Optional.of("/new"),
                        Optional.empty(),
                        false));
        assertThat(rule(2).match().path()).isEqualTo(new PathMatch.Regex("/tea.*"));
        assertThat(rule(2).action()).isEqualTo(new RouteAction.DirectReply(418, "hello"));
    }

    @Test
    void routeThatIsNotUnderstoodAnswers500() {
        assertThat(rule(3).action()).isEqualTo(new RouteAction.DirectReply(500, ""));
        assertThat(findings).anyMatch(f -> f.contains("route strange") && f.contains("envoy.filters.http.wasm"));
    }

    @Test
    void policies() {
        PolicySet p = http(HTTP).policies();
        assertThat(p.deny()).hasSize(2);
        assertThat(p.deny().getFirst().condition())
                .isEqualTo(new Condition.And(List.of(
                        new Condition.Or(List.of(
                                new Condition.Path(ValueMatch.exact("/secret")),
                                new Condition.PathTemplate("/t/{*}/{**}"))),
                        new Condition.Not(new Condition.PeerPrincipal(
                                ValueMatch.prefix("spiffe://cluster.local/ns/default/"))))));
        assertThat(p.deny().getFirst().source().toString()).isEqualTo("AuthorizationPolicy default/d spec.rules[0]");
        assertThat(p.deny().get(1).condition()).isInstanceOf(Condition.NotUnderstood.class);
        assertThat(p.allowEnforced()).isTrue();
        assertThat(p.allow().getFirst().condition())
                .isEqualTo(new Condition.And(List.of(
                        new Condition.DestinationPort(80, 80),
                        new Condition.Claim(List.of("role"), ValueMatch.exact("boss")))));
        assertThat(p.dryRunDeny()).extracting(PolicySet.Policy::condition).containsExactly(Condition.ANY);
    }

    @Test
    void unknownFiltersDeny() {
        for (String chain : List.of(DETECT_HTTP, "direct-http")) {
            assertThat(http(chain).policies().deny())
                    .singleElement()
                    .satisfies(p -> assertThat(p.condition()).isInstanceOf(Condition.NotUnderstood.class));
            assertThat(findings).anyMatch(f -> f.contains("chain " + chain) && f.contains("everything is denied here"));
        }
        assertThat(findings).anyMatch(f -> f.contains("brand_new_field"));
    }

    @Test
    void tcpChain() {
        TcpChain c = Objects.requireNonNull(snapshot.tcpChains().get(DETECT_TCP));
        assertThat(c.backends()).containsExactly(new TcpChain.Backend("v1", 50), new TcpChain.Backend("v2", 50));
        assertThat(c.idleTimeoutMillis()).isEqualTo(90_000);
        assertThat(c.policies().allowEnforced()).isTrue();
        assertThat(c.policies().allow()).isEmpty();
        assertThat(snapshot.tcpChains()).containsKey("direct-tcp");
    }

    @Test
    void clusters() {
        Cluster c = cluster(SUBSET);
        assertThat(c.serviceHost()).isEqualTo(HOST);
        assertThat(c.subset()).isEqualTo("v1");
        assertThat(c.protocol()).isEqualTo(Cluster.Protocol.HTTP2);
        assertThat(c.balancer().policy()).isEqualTo(Cluster.LoadBalancer.Policy.RING_HASH);
        assertThat(c.limits())
                .isEqualTo(new Cluster.Limits(
                        Integer.MAX_VALUE, 1, Integer.MAX_VALUE, Integer.MAX_VALUE, 1, 0, Optional.empty()));
        assertThat(c.outlier()).contains(new Cluster.OutlierDetection(3, 0, false, 5, 1_000, 3_000, 300_000, 50));
        assertThat(c.tls()).isEmpty();
        assertThat(c.connectTimeoutMillis()).isEqualTo(10_000);
        assertThat(c.idleTimeoutMillis()).isEqualTo(300_000);
        assertThat(c.panicThresholdPercent()).isZero();
        assertThat(c.source().toString()).isEqualTo("DestinationRule default/shop");
        assertThat(cluster("encap").discovery()).isEqualTo(Cluster.Discovery.ORIGINAL_DST);
        assertThat(cluster("encap").protocol()).isEqualTo(Cluster.Protocol.CLIENT);
        assertThat(snapshot.clusters()).doesNotContainKey("main_internal");
        assertThat(cluster("pp").proxyProtocol()).contains(Cluster.ProxyProtocol.V2);
    }

    @Test
    void upstreamTls() {
        assertThat(cluster("tls").tls())
                .contains(new Cluster.UpstreamTls(
                        Optional.of("app.example"),
                        List.of(ValueMatch.exact("app.example")),
                        Optional.of("/etc/ca.pem"),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        true));
        // something unknown never becomes plain text
        assertThat(cluster("secretive").tls()).isPresent();
    }

    @Test
    void endpoints() {
        Endpoints e = Objects.requireNonNull(snapshot.endpoints().get(SUBSET));
        assertThat(e.localities())
                .extracting(Endpoints.LocalityEndpoints::priority, Endpoints.LocalityEndpoints::locality)
                .containsExactly(tuple(0, new Locality("r1", "z1", "")), tuple(1, new Locality("r2", "", "")));
        assertThat(e.localities().getFirst().endpoints())
                .containsExactly(
                        new Endpoints.Endpoint(
                                "10.1.0.1",
                                8080,
                                Optional.of(new Endpoints.Tunnel("10.1.0.1", 15008, "10.1.0.1:8080", List.of())),
                                "K//Pod/default/shop-0"),
                        new Endpoints.Endpoint(
                                "fd00::5",
                                8080,
                                Optional.of(new Endpoints.Tunnel("fd00::5", 15008, "[fd00::5]:8080", List.of())),
                                ""));
        assertThat(e.localities().get(1).endpoints())
                .containsExactly(new Endpoints.Endpoint(
                        "10.1.0.9", 8080, Optional.empty(), 3, Endpoints.Health.UNHEALTHY, "", Map.of()));
        assertThat(findings).anyMatch(f -> f.contains("listener somewhere"));
    }

    /** As istiod writes a targetPort of a ServiceEntry with resolution NONE (PassthroughTargetPorts). */
    @Test
    void portForAllDestinations() {
        assertThat(Objects.requireNonNull(snapshot.endpoints().get("moved-port"))
                        .localities()
                        .getFirst()
                        .endpoints())
                .containsExactly(new Endpoints.Endpoint("", 8443, Optional.empty(), ""));
        assertThat(Objects.requireNonNull(snapshot.endpoints().get("encap")).localities())
                .isEmpty();
    }

    @Test
    void workloadsAndServices() {
        Workload w = snapshot.workloads()
                .byAddress(IpAddress.parse("10.1.0.1").orElseThrow())
                .orElseThrow();
        assertThat(w.identity()).isEqualTo(new SpiffeId("my.td", "default", "shop"));
        assertThat(w.hbone()).isTrue();
        assertThat(w.capacity()).isEqualTo(3);
        assertThat(w.services()).isEqualTo(Map.of("default/" + HOST, Map.of(80, 8080)));
        assertThat(w.waypoint()).contains(new Workload.WaypointRef("", IpAddress.parse("10.1.0.7"), 15008));
        assertThat(w.policies()).containsExactly("default/p");
        MeshService s = Objects.requireNonNull(snapshot.services().get("default/" + HOST));
        assertThat(s.addresses()).containsExactly(cidr("10.96.1.1"), cidr("10.97.0.0/30"));
        assertThat(s.balancing())
                .isEqualTo(new MeshService.Balancing(
                        MeshService.Mode.FAILOVER, List.of(MeshService.Scope.REGION, MeshService.Scope.ZONE), true));
    }

    @Test
    void l4Policies() {
        assertThat(snapshot.l4Policies())
                .extracting(L4Policy::id, L4Policy::namespace, L4Policy::workloadSelector, L4Policy::action)
                .containsExactly(
                        tuple("default/p", "default", true, L4Policy.Action.DENY),
                        tuple("istio-system/all", "", false, L4Policy.Action.ALLOW));
        assertThat(snapshot.l4Policies().getFirst().condition())
                .isEqualTo(new Condition.And(List.of(
                        new Condition.PeerPrincipal(ValueMatch.exact("spiffe://my.td/ns/default/sa/x")),
                        new Condition.Not(new Condition.DestinationPort(80, 80)))));
        assertThat(snapshot.l4Policies().get(1).condition()).isInstanceOf(Condition.NotUnderstood.class);
    }

    @Test
    void sourceDeliversOnce() throws URISyntaxException {
        List<MeshSnapshot> got = new ArrayList<>();
        try (DumpSource source = new DumpSource(dump())) {
            source.start(got::add);
        }
        assertThat(got).containsExactly(snapshot.withVersion(1));
    }

    @Test
    void missingAndBrokenFilesAreNamed(@TempDir Path dir) throws java.io.IOException {
        assertThatThrownBy(() -> DumpSource.load(dir)).hasMessageContaining("lds.json does not exist");
        Files.writeString(dir.resolve("lds.json"), "[{\"name\":\"l\",\"resource\":{\"filter_chains\":\"none\"}}]");
        assertThatThrownBy(() -> DumpSource.load(dir)).hasMessageContaining("lds.json, resource l");
    }

    private static HttpChain http(String name) {
        return Objects.requireNonNull(snapshot.httpChains().get(name));
    }

    private static RouteRule rule(int i) {
        return http(HTTP).routes().rules().get(i);
    }

    private static Cluster cluster(String name) {
        return Objects.requireNonNull(snapshot.clusters().get(name));
    }

    private static Cidr cidr(String text) {
        return Cidr.parse(text).orElseThrow();
    }
}
