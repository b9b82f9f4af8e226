package io.milepost.ztunnel.plan;

import static io.milepost.ztunnel.plan.TestMesh.byAddress;
import static io.milepost.ztunnel.plan.TestMesh.byHost;
import static io.milepost.ztunnel.plan.TestMesh.ip;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshService.Mode;
import io.milepost.mesh.MeshService.Scope;
import io.milepost.mesh.Workload;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where connections go: steps A to E of hbone-and-ztunnel.md §2.2, the table of next hops of ztunnel-measured.md
 * (HTTP/2 and CONNECT) and the balancing of §2.4.
 */
class OutboundPlannerTest {
    private static final Set<Integer> OWN_PORTS = Set.of(15001, 15006, 15008, 15080);
    private static final String WAYPOINT = "default/wp.default.svc.cluster.local";
    private static final String SERVER = "default/server.default.svc.cluster.local";

    private static TestMesh mesh() {
        return new TestMesh()
                .pod("client", "10.77.0.2")
                .pod("server", "10.77.0.3", p -> p.serves(SERVER, Map.of(80, 8080)))
                .pod("plain", "10.77.0.4", TestMesh.Pod::plain)
                .pod("behind", "10.77.0.5", p -> p.waypoint(byHost(WAYPOINT)))
                .pod("wp", "10.77.0.9", p -> p.plain().serves(WAYPOINT, Map.of(15008, 15008)))
                .service("wp", "10.78.0.9", Map.of(15008, 15008))
                .service("server", "10.78.0.1", Map.of(80, 8080, 81, 0))
                .service(
                        "default",
                        "viawp",
                        "10.78.0.2",
                        Map.of(80, 8080),
                        Optional.of(byHost(WAYPOINT)),
                        MeshService.Balancing.STANDARD)
                .service("lonely", "10.78.0.6", Map.of(80, 8080));
    }

    private static Workload pod(MeshView view, String address) {
        return java.util.Objects.requireNonNull(view.workloadAt(ip(address)), address);
    }

    private static OutboundPlan plan(MeshView view, String source, String target, int port) {
        return OutboundPlanner.plan(view, pod(view, source), ip(source), OWN_PORTS, ip(target), port, new Random(1));
    }

    private static String text(OutboundPlan plan) {
        String service = plan.service() == null ? "-" : plan.service().name();
        return switch (plan) {
            case OutboundPlan.Tunnel t ->
                "tunnel " + t.address() + ":" + t.port() + " for " + t.authority() + " as " + service + " to "
                        + t.identities();
            case OutboundPlan.Plain p -> "plain " + p.address() + ":" + p.port() + " as " + service;
            case OutboundPlan.Refused r -> "refused " + r.error();
        };
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.78.0.2 | 80   | tunnel 10.77.0.9:15008 for 10.78.0.2:80 as viawp to [spiffe://cluster.local/ns/default/sa/of-wp, spiffe://cluster.local/ns/default/sa/wp]
            10.78.0.2 | 4711 | tunnel 10.77.0.9:15008 for 10.78.0.2:4711 as viawp to [spiffe://cluster.local/ns/default/sa/of-wp, spiffe://cluster.local/ns/default/sa/wp]
            10.77.0.5 | 8080 | tunnel 10.77.0.9:15008 for 10.77.0.5:8080 as - to [spiffe://cluster.local/ns/default/sa/of-wp, spiffe://cluster.local/ns/default/sa/wp]
            10.78.0.1 | 80   | tunnel 10.77.0.3:15008 for 10.77.0.3:8080 as server to [spiffe://cluster.local/ns/default/sa/of-server, spiffe://cluster.local/ns/default/sa/server]
            10.77.0.3 | 1234 | tunnel 10.77.0.3:15008 for 10.77.0.3:1234 as - to [spiffe://cluster.local/ns/default/sa/server]
            10.77.0.4 | 1234 | plain 10.77.0.4:1234 as -
            192.0.2.7 | 443  | plain 192.0.2.7:443 as -
            10.78.0.6 | 80   | refused no healthy upstream: 10.78.0.6:80
            10.78.0.1 | 99   | refused no healthy upstream: 10.78.0.1:99
            10.77.0.2 | 15001 | refused attempted recursive call to ourselves
            127.0.0.1 | 15008 | refused attempted recursive call to ourselves
            127.0.0.1 | 8080 | plain 127.0.0.1:8080 as -
            """)
    void nextHops(String target, int port, String expected) {
        assertThat(text(plan(mesh().view(), "10.77.0.2", target, port))).isEqualTo(expected);
    }

    @Test
    void aPortThatOnlyTheEndpointKnows() {
        MeshView view = mesh().pod("named", "10.77.0.8", p -> p.serves(SERVER, Map.of(81, 8181)))
                .view();
        assertThat(text(plan(view, "10.77.0.2", "10.78.0.1", 81)))
                .startsWith("tunnel 10.77.0.8:15008 for 10.77.0.8:8181 as server");
    }

    @Test
    void theWaypointItselfReachesThePodDirectlyButItsServicesThroughIt() {
        MeshView view = mesh().view();
        assertThat(text(plan(view, "10.77.0.9", "10.77.0.5", 8080)))
                .isEqualTo(
                        "tunnel 10.77.0.5:15008 for 10.77.0.5:8080 as - to [spiffe://cluster.local/ns/default/sa/behind]");
        // hbone-and-ztunnel.md §2.2 A: no from-waypoint exemption there
        assertThat(text(plan(view, "10.77.0.9", "10.78.0.2", 80)))
                .startsWith("tunnel 10.77.0.9:15008 for 10.78.0.2:80");
    }

    @Test
    void waypointsByAddressOfAPodOrOfAService() {
        MeshView view = mesh().pod("byPod", "10.77.0.20", p -> p.waypoint(byAddress("10.77.0.9")))
                .pod("byVip", "10.77.0.21", p -> p.waypoint(byAddress("10.78.0.9")))
                .view();
        assertThat(text(plan(view, "10.77.0.2", "10.77.0.20", 80)))
                .isEqualTo(
                        "tunnel 10.77.0.9:15008 for 10.77.0.20:80 as - to [spiffe://cluster.local/ns/default/sa/wp]");
        assertThat(text(plan(view, "10.77.0.2", "10.77.0.21", 80)))
                .isEqualTo("tunnel 10.77.0.9:15008 for 10.77.0.21:80 as - to "
                        + "[spiffe://cluster.local/ns/default/sa/of-wp, spiffe://cluster.local/ns/default/sa/wp]");
        assertThat(text(plan(view, "10.77.0.9", "10.77.0.20", 80))).startsWith("tunnel 10.77.0.20:15008");
    }

    @Test
    void aWaypointThatIsNowhereRefusesInsteadOfBypassing() {
        MeshView view = mesh().pod(
                        "lost", "10.77.0.30", p -> p.waypoint(byHost("default/gone.default.svc.cluster.local")))
                .view();
        assertThat(text(plan(view, "10.77.0.2", "10.77.0.30", 80)))
                .isEqualTo("refused unknown waypoint: default/gone.default.svc.cluster.local");
    }

    @Test
    void aPassthroughServiceGoesWhereItSays() {
        MeshService.Balancing passthrough = new MeshService.Balancing(Mode.PASSTHROUGH, List.of(), false);
        MeshView view = mesh().service("default", "out", "10.78.0.40", Map.of(80, 80), Optional.empty(), passthrough)
                .service("default", "outwp", "10.78.0.41", Map.of(80, 80), Optional.of(byHost(WAYPOINT)), passthrough)
                .view();
        assertThat(text(plan(view, "10.77.0.2", "10.78.0.40", 80))).isEqualTo("plain 10.78.0.40:80 as -");
        // test build_request_passthrough_svc_with_waypoint
        assertThat(text(plan(view, "10.77.0.2", "10.78.0.41", 80)))
                .startsWith("tunnel 10.77.0.9:15008 for 10.78.0.41:80");
    }

    @Test
    void theOwnNamespaceThenTheLongestRange() {
        MeshService.Balancing passthrough = MeshService.Balancing.STANDARD;
        MeshView view = mesh().service("other", "shared", "10.79.0.1", Map.of(80, 1), Optional.empty(), passthrough)
                .service("default", "shared", "10.79.0.1", Map.of(80, 2), Optional.empty(), passthrough)
                .service("other", "wide", "10.80.0.0/16", Map.of(80, 3), Optional.empty(), passthrough)
                .service("other", "narrow", "10.80.1.0/24", Map.of(80, 4), Optional.empty(), passthrough)
                .service("default", "ours", "10.80.0.0/15", Map.of(80, 5), Optional.empty(), passthrough)
                .view();
        assertThat(view.serviceAt(ip("10.79.0.1"), "default"))
                .extracting(MeshService::namespace)
                .isEqualTo("default");
        assertThat(view.serviceAt(ip("10.79.0.1"), "other"))
                .extracting(MeshService::namespace)
                .isEqualTo("other");
        assertThat(view.serviceAt(ip("10.80.1.1"), "third"))
                .extracting(MeshService::name)
                .isEqualTo("narrow");
        assertThat(view.serviceAt(ip("10.80.1.1"), "default"))
                .extracting(MeshService::name)
                .isEqualTo("ours");
        assertThat(view.serviceAt(ip("10.90.0.1"), "default")).isNull();
    }

    @Test
    void addressesOfTheSameFamily() {
        MeshView view = new TestMesh()
                .pod("client", "10.77.0.2")
                .pod(
                        "dual",
                        "10.77.0.3",
                        p -> p.addresses("10.77.0.3", "fd00::3").serves(SERVER, Map.of()))
                .service(
                        "default",
                        "server",
                        "fd00:1::1",
                        Map.of(80, 8080),
                        Optional.empty(),
                        MeshService.Balancing.STANDARD)
                .view();
        assertThat(text(plan(view, "10.77.0.2", "fd00:1::1", 80)))
                .startsWith("tunnel fd00::3:15008 for [fd00::3]:8080 as server");
        assertThat(text(plan(view, "10.77.0.2", "fd00::3", 80)))
                .startsWith("tunnel fd00::3:15008 for [fd00::3]:80 as -");
    }

    private static Map<String, Integer> spread(TestMesh mesh, MeshService.Balancing how) {
        MeshView view = mesh.pod(TestMesh.Pod.of("client", "10.77.0.2").at("r1", "z1", "n1"))
                .service("default", "server", "10.78.0.1", Map.of(80, 8080), Optional.empty(), how)
                .view();
        Map<String, Integer> counts = new TreeMap<>();
        Random random = new Random(42);
        for (int i = 0; i < 1_000; i++) {
            OutboundPlan plan = OutboundPlanner.plan(
                    view, pod(view, "10.77.0.2"), ip("10.77.0.2"), OWN_PORTS, ip("10.78.0.1"), 80, random);
            String name = plan.peer() == null ? "none" : plan.peer().name();
            counts.merge(name, 1, Integer::sum);
        }
        return counts;
    }

    private static TestMesh three() {
        return new TestMesh()
                .pod("a", "10.77.1.1", p -> p.at("r1", "z1", "n2").serves(SERVER, Map.of()))
                .pod("b", "10.77.1.2", p -> p.at("r1", "z2", "n1").capacity(3).serves(SERVER, Map.of()))
                .pod("c", "10.77.1.3", p -> p.at("r2", "z1", "n1").capacity(0).serves(SERVER, Map.of()))
                .pod("sick", "10.77.1.4", p -> p.at("r1", "z1", "n1").sick().serves(SERVER, Map.of()))
                .pod("far", "10.77.1.5", p -> p.network("n2").serves(SERVER, Map.of()));
    }

    @Test
    void atRandomByCapacityAmongTheHealthyOfTheNetwork() {
        Map<String, Integer> counts = spread(three(), MeshService.Balancing.STANDARD);
        assertThat(counts).containsOnlyKeys("a", "b");
        assertThat(counts.get("b")).isBetween(690, 810);
    }

    @Test
    void failoverKeepsTheBestRankAndStrictTheFullOne() {
        List<Scope> zones = List.of(Scope.REGION, Scope.ZONE);
        assertThat(spread(three(), new MeshService.Balancing(Mode.FAILOVER, zones, false)))
                .containsOnlyKeys("a");
        assertThat(spread(three(), new MeshService.Balancing(Mode.STRICT, zones, false)))
                .containsOnlyKeys("a");
        List<Scope> nodes = List.of(Scope.REGION, Scope.ZONE, Scope.NODE);
        assertThat(spread(three(), new MeshService.Balancing(Mode.FAILOVER, nodes, false)))
                .containsOnlyKeys("a");
        assertThat(spread(three(), new MeshService.Balancing(Mode.STRICT, nodes, false)))
                .containsOnlyKeys("none");
        assertThat(spread(three(), new MeshService.Balancing(Mode.STRICT, nodes, true)))
                .containsOnlyKeys("sick");
    }

    @Test
    void namesAsAPodWritesThem() {
        MeshView view = mesh().service(
                        "other", "server", "10.78.9.1", Map.of(), Optional.empty(), MeshService.Balancing.STANDARD)
                .service("headless", "", Map.of(80, 80))
                .pod("h", "10.77.7.7", p -> p.serves("default/headless.default.svc.cluster.local", Map.of()))
                .view();
        assertThat(Names.resolve(view, "default", "server")).isEqualTo(ip("10.78.0.1"));
        assertThat(Names.resolve(view, "other", "server")).isEqualTo(ip("10.78.9.1"));
        assertThat(Names.resolve(view, "default", "server.other")).isEqualTo(ip("10.78.9.1"));
        assertThat(Names.resolve(view, "default", "server.other.svc")).isEqualTo(ip("10.78.9.1"));
        assertThat(Names.resolve(view, "default", "server.other.svc.cluster.local."))
                .isEqualTo(ip("10.78.9.1"));
        assertThat(Names.resolve(view, "default", "headless")).isEqualTo(ip("10.77.7.7"));
        assertThat(Names.resolve(view, "default", "example.com")).isNull();
        assertThat(Names.resolve(view, "default", "")).isNull();
    }
}
