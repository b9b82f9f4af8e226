package io.milepost.ztunnel.plan;

import static io.milepost.ztunnel.plan.TestMesh.byHost;
import static io.milepost.ztunnel.plan.TestMesh.ip;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.ValueMatch;
import io.milepost.mesh.Workload;
import io.milepost.policy.CompiledL4Policies.L4Decision;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a CONNECT to a pod means: the table "As server" of ztunnel-measured.md, hbone-and-ztunnel.md §3.2 to §3.5. */
class InboundPlannerTest {
    private static final Set<Integer> OWN_PORTS = Set.of(15001, 15006, 15008, 15080);
    private static final String WAYPOINT = "default/wp.default.svc.cluster.local";

    private static TestMesh mesh() {
        return new TestMesh()
                .pod("client", "10.77.0.2")
                .pod(
                        "server",
                        "10.77.0.3",
                        p -> p.serves("default/zs.default.svc.cluster.local", Map.of(80, 8080))
                                .serves("default/also.default.svc.cluster.local", Map.of(90, 8080)))
                .pod("wp", "10.77.0.9", p -> p.serves(WAYPOINT, Map.of(15008, 15008)))
                .service("zs", "10.78.0.1", Map.of(80, 8080, 443, 8443))
                .service("also", "10.78.0.4", Map.of(90, 8080))
                .service("wp", "10.78.0.9", Map.of(15008, 15008))
                .service(
                        "default",
                        "viawp",
                        "10.78.0.2",
                        Map.of(80, 8080),
                        Optional.of(byHost(WAYPOINT)),
                        MeshService.Balancing.STANDARD);
    }

    private static String text(InboundPlan plan) {
        return switch (plan) {
            case InboundPlan.Forward f ->
                "to " + f.address() + ":" + f.port() + " as "
                        + (f.service() == null ? "-" : f.service().name());
            case InboundPlan.Refused r -> r.status() + " " + r.error();
        };
    }

    private static String connect(String pod, String authority, @Nullable String host) {
        MeshView view = mesh().view();
        Workload own = Objects.requireNonNull(view.workloadAt(ip(pod)));
        return text(InboundPlanner.tunnel(view, own, ip(pod), authority, host, OWN_PORTS));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.77.0.3:8080                   | to 10.77.0.3:8080 as also
            10.77.0.3:9                      | to 10.77.0.3:9 as -
            zs.default.svc.cluster.local:80  | to 10.77.0.3:8080 as zs
            zs.default.svc.cluster.local:443 | to 10.77.0.3:8443 as zs
            10.9.9.9:8080                    | 400 ip mismatch: 10.9.9.9 != 10.77.0.3
            10.77.0.2:8080                   | 400 ip mismatch: 10.77.0.2 != 10.77.0.3
            10.78.0.1:80                     | 400 ip mismatch: 10.78.0.1 != 10.77.0.3
            [::ffff:10.77.0.3]:8080          | 400 ip mismatch: ::ffff:10.77.0.3 != 10.77.0.3
            10.77.0.3                        | 400 invalid CONNECT address 10.77.0.3
            10.77.0.3:                       | 400 invalid CONNECT address 10.77.0.3:
            10.77.0.3:65536                  | 400 invalid CONNECT address 10.77.0.3:65536
            nowhere.example:80               | 503 requested service nowhere.example:80 found no port of default/server
            zs.default.svc.cluster.local:99  | 503 requested service zs.default.svc.cluster.local:99 found no port of default/server
            10.77.0.3:15006                  | 503 attempted recursive call to ourselves
            10.77.0.3:15008                  | 503 attempted recursive call to ourselves
            """)
    void answers(String authority, String expected) {
        assertThat(connect("10.77.0.3", authority, null)).isEqualTo(expected);
    }

    @Test
    void theClientsHintNamesTheServiceOnlyIfThePodIsOfIt() {
        assertThat(connect("10.77.0.3", "10.77.0.3:8080", "zs.default.svc.cluster.local"))
                .isEqualTo("to 10.77.0.3:8080 as zs");
        assertThat(connect("10.77.0.3", "10.77.0.3:8080", "viawp.default.svc.cluster.local"))
                .isEqualTo("to 10.77.0.3:8080 as also");
    }

    @Test
    void aWaypointPodTakesWhatIsMeantForWhoeverItServes() {
        assertThat(connect("10.77.0.9", "10.78.0.2:80", null)).isEqualTo("to 10.77.0.9:80 as -");
        assertThat(connect("10.77.0.9", "10.78.0.1:80", null)).isEqualTo("400 ip mismatch: 10.78.0.1 != 10.77.0.9");
    }

    @Test
    void plainConnectionsMeanWhatTheyAskFor() {
        MeshView view = mesh().view();
        Workload own = Objects.requireNonNull(view.workloadAt(ip("10.77.0.3")));
        assertThat(text(InboundPlanner.plain(view, own, ip("10.77.0.3"), 8443, OWN_PORTS)))
                .isEqualTo("to 10.77.0.3:8443 as zs");
        assertThat(text(InboundPlanner.plain(view, own, ip("10.77.0.3"), 15006, OWN_PORTS)))
                .isEqualTo("503 attempted recursive call to ourselves");
    }

    private static L4Decision decide(TestMesh mesh, @Nullable String principal, int port) {
        MeshView view = mesh.view();
        return view.decide(
                new L4Connection(principal, ip("10.77.0.2"), ip("10.77.0.3"), port),
                Objects.requireNonNull(view.workloadAt(ip("10.77.0.3"))));
    }

    private static Condition principal(String name) {
        return new Condition.PeerPrincipal(new ValueMatch.Exact("spiffe://cluster.local/ns/default/sa/" + name, false));
    }

    @Test
    void policiesOfThePodDecideWithItsRecordInForce() {
        String client = "spiffe://cluster.local/ns/default/sa/client";
        TestMesh selected = mesh().pod("server", "10.77.0.3", p -> p.policies("default/only-wp"))
                .policy("default/only-wp", true, L4Policy.Action.ALLOW, principal("wp"))
                .policy("default/not-selected", true, L4Policy.Action.DENY, Condition.ANY);
        assertThat(decide(selected, client, 8080).reason()).isEqualTo("allow policies exist, but none allowed");
        assertThat(decide(selected, "spiffe://cluster.local/ns/default/sa/wp", 8080)
                        .allowed())
                .isTrue();
        assertThat(decide(selected, null, 8080).allowed()).isFalse();

        TestMesh denied = mesh().policy(
                        "default/no-client",
                        false,
                        L4Policy.Action.DENY,
                        new Condition.And(List.of(
                                principal("client"),
                                new Condition.DestinationPort(8080, 8080),
                                new Condition.SourceIp(
                                        Cidr.parse("10.77.0.0/24").orElseThrow()))));
        assertThat(decide(denied, client, 8080).reason()).isEqualTo("explicitly denied by: default/no-client");
        assertThat(decide(denied, client, 9090).allowed()).isTrue();
        assertThat(decide(denied, null, 8080).allowed()).isTrue();
    }
}
