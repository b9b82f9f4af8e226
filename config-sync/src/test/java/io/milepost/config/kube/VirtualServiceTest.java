package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.HashPolicy;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.ValueMatch;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules as istiod makes them (waypoint-behaviour.md 4, measured-behaviour.md, cases vs-delegate, vs-tcp, vs-exportto). */
class VirtualServiceTest {
    private static String vs(String name, String spec) {
        return object("VirtualService", name, spec);
    }

    private static TestMesh http(String rules) {
        return TestMesh.of(vs("reviews", "{hosts: [reviews], http: [" + rules + "]}"));
    }

    /** istiod uses allowOrigin only where allowOrigins is missing. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "allowOrigins: [{exact: 'https://a'}], allowOrigin: ['https://b'] | https://a",
                "allowOrigin: ['https://b'] | https://b"
            })
    void originsDoNotAddUp(String origins, String counts) {
        TestMesh m = http("{corsPolicy: {" + origins + "}, route: [{destination: {host: reviews}}]}");
        assertThat(m.rules().getFirst().cors().orElseThrow().allowOrigins()).containsExactly(ValueMatch.exact(counts));
        assertThat(m.findings().stream().anyMatch(f -> f.contains("corsPolicy.allowOrigin")))
                .isEqualTo(origins.startsWith("allowOrigins"));
    }

    @Test
    void delegatesAreJoinedWithTheirRoots() {
        TestMesh m = TestMesh.of(vs(
                        "reviews",
                        "{hosts: [reviews], http: [{name: root, match: [{name: a, uri: {prefix: /a}}], timeout: 1s, "
                                + "headers: {request: {set: {x-root: a}}}, delegate: {name: team}}, "
                                + "{match: [{uri: {prefix: /gone}}], delegate: {name: gone}}, "
                                + "{route: [{destination: {host: reviews}}]}]}")
                + vs(
                        "team",
                        "{http: [{name: one, match: [{name: b, uri: {prefix: /a/one}}], "
                                + "headers: {request: {set: {x-own: b}}}, route: [{destination: {host: reviews}}]}, "
                                + "{match: [{uri: {exact: /other}}], route: [{destination: {host: reviews}}]}, "
                                + "{match: [{uri: {regex: /a.*}}], route: [{destination: {host: reviews}}]}, "
                                + "{timeout: 5s, route: [{destination: {host: reviews}}]}]}"));
        assertThat(m.errors()).isEmpty();
        assertThat(m.rules()).extracting(RouteRule::name).containsExactly("root-one.a-b", "root.a", "");
        assertThat(m.rules())
                .extracting(r -> r.match().path())
                .containsExactly(
                        new PathMatch.Prefix("/a/one", false), new PathMatch.Prefix("/a", false), PathMatch.ANY);
        assertThat(m.rules().getFirst().requestHeaders().ops())
                .singleElement()
                .satisfies(o -> assertThat(o.name()).isEqualTo("x-own"));
        assertThat(m.rules().get(1).requestHeaders().ops())
                .singleElement()
                .satisfies(o -> assertThat(o.name()).isEqualTo("x-root"));
        assertThat(m.forward(0).timeouts().requestMillis()).isEqualTo(1_000);
        assertThat(m.forward(1).timeouts().requestMillis()).isEqualTo(5_000);
        assertThat(m.findings())
                .anyMatch(f -> f.contains("delegate.name") && f.contains("default/gone"))
                .anyMatch(f -> f.contains("http[1].match") && f.contains("reaches beyond"))
                .anyMatch(f -> f.contains("http[2].match") && f.contains("reaches beyond"));
    }

    /** Root and delegate, and whether the delegate's match stays within the root's. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {uri: {prefix: /a}}              | {uri: {prefix: /a/b}}            | true
            {uri: {prefix: /a}}              | {uri: {exact: /a}}               | true
            {uri: {prefix: /a/b}}            | {uri: {prefix: /a}}              | false
            {uri: {exact: /a}}               | {uri: {exact: /a}}               | true
            {uri: {exact: /a}}               | {uri: {prefix: /a}}              | false
            {uri: {prefix: /a}}              | {uri: {regex: /a.*}}             | false
            {uri: {regex: /a.*}}             | {method: {exact: GET}}           | true
            {headers: {x: {exact: a}}}       | {headers: {x: {exact: b}}}       | false
            {headers: {x: {exact: a}}}       | {headers: {y: {exact: b}}}       | true
            {queryParams: {q: {prefix: a}}}  | {queryParams: {q: {exact: ab}}}  | true
            {withoutHeaders: {x: {exact: a}}}| {withoutHeaders: {x: {exact: b}}}| false
            {port: 9080}                     | {port: 81}                       | false
            {port: 9080}                     | {uri: {prefix: /}}               | true
            {uri: {prefix: /a}}              | {uri: {prefix: /a/b}, ignoreUriCase: true} | false
            """)
    void delegatesMayOnlyNarrow(String root, String own, boolean joined) {
        TestMesh m = TestMesh.of(vs(
                        "reviews", "{hosts: [reviews], http: [{match: [" + root + "], delegate: {name: team}}]}")
                + vs("team", "{http: [{name: team, match: [" + own + "], route: [{destination: {host: reviews}}]}]}"));
        assertThat(m.rules()).extracting(RouteRule::name).containsExactly(joined ? "team" : "default");
    }

    @Test
    void delegatesMustBeExported() {
        String root = vs("reviews", "{hosts: [reviews], http: [{delegate: {name: team, namespace: other}}]}");
        String team = """
                ---
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: team, namespace: other}
                spec: {%s http: [{name: team, route: [{destination: {host: reviews.default.svc.cluster.local}}]}]}
                """;
        assertThat(TestMesh.of(root + team.formatted("")).rules())
                .extracting(RouteRule::name)
                .containsExactly("team");
        assertThat(TestMesh.of(root + team.formatted("exportTo: [.],")).rules())
                .extracting(RouteRule::name)
                .containsExactly("default");
    }

    @Test
    void privateObjectsPrecedeExportedOnesAndThosePublicOnes() {
        String rule = "[{name: %s, match: [{uri: {prefix: /%s}}], route: [{destination: {host: reviews}}]}]";
        TestMesh m = TestMesh.of(vs("a", "{hosts: [reviews], http: " + rule.formatted("public", "a") + "}")
                + vs("b", "{hosts: [reviews], exportTo: [default, other], http: " + rule.formatted("mixed", "b") + "}")
                + vs("c", "{hosts: [reviews], exportTo: [.], http: " + rule.formatted("private", "c") + "}")
                + vs("d", "{hosts: [reviews], exportTo: [other], http: " + rule.formatted("hidden", "d") + "}")
                + vs("e", "{hosts: [reviews], gateways: [ingress], http: " + rule.formatted("ingress", "e") + "}"));
        assertThat(m.rules()).extracting(RouteRule::name).containsExactly("mixed", "private", "public");
        assertThat(m.errors()).isEmpty();
    }

    @Test
    void destinationsFollowTheProtocolOfTheirPort() {
        TestMesh m = http(
                "{route: [{destination: {host: echo, port: {number: 90}}, weight: 1}, "
                        + "{destination: {host: echo, port: {number: 7}}, weight: 2}, {destination: {host: nowhere}, weight: 3}]}");
        assertThat(m.forward(0).backends())
                .extracting(RouteAction.Backend::cluster)
                .containsExactly(
                        "inbound-vip|90|tcp|echo.default.svc.cluster.local",
                        "inbound-vip|7|http|echo.default.svc.cluster.local",
                        "inbound-vip|9080|http|nowhere.default.svc.cluster.local");
    }

    @Test
    void anExternalNameStandsForTheServiceItNames() {
        TestMesh m = TestMesh.of("---\n{apiVersion: v1, kind: Service, metadata: {name: alias, namespace: default}, "
                + "spec: {type: ExternalName, externalName: reviews.default.svc.cluster.local, ports: [{name: http, port: 9080}]}}\n"
                + "---\n{apiVersion: v1, kind: Service, metadata: {name: far, namespace: default}, "
                + "spec: {type: ExternalName, externalName: far.example, ports: [{name: http, port: 80}]}}\n"
                + vs(
                        "reviews",
                        "{hosts: [reviews], http: [{route: [{destination: {host: alias}, weight: 1}, "
                                + "{destination: {host: far}, weight: 1}]}]}"));
        assertThat(m.forward(0).backends())
                .extracting(RouteAction.Backend::cluster)
                .containsExactly(TestMesh.REVIEWS, "outbound|80||far.default.svc.cluster.local");
        assertThat(m.addresses("outbound|80||far.default.svc.cluster.local")).containsExactly("far.example");
    }

    @Test
    void keysOfConsistentHashing() {
        String dr =
                "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: reviews, namespace: default}\n"
                        + "spec: {host: reviews, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: X-User}}, "
                        + "portLevelSettings: [{port: {number: 9080}, loadBalancer: {consistentHash: {useSourceIp: true}}}]}, "
                        + "subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {loadBalancer: {consistentHash: "
                        + "{httpCookie: {name: c, ttl: 60s, path: /, attributes: [{name: SameSite, value: Lax}]}}}}}]}\n";
        TestMesh m = TestMesh.of(dr
                + vs(
                        "reviews",
                        "{hosts: [reviews], http: ["
                                + "{match: [{uri: {exact: /1}}], route: [{destination: {host: reviews}}]}, "
                                + "{match: [{uri: {exact: /2}}], route: [{destination: {host: reviews, port: {number: 9080}}}]}, "
                                + "{match: [{uri: {exact: /3}}], retries: {attempts: 1, retryIgnorePreviousHosts: true}, "
                                + "route: [{destination: {host: reviews, subset: v1}}]}]}"));
        assertThat(m.forward(0).hashPolicies()).containsExactly(new HashPolicy.Header("x-user"));
        assertThat(m.forward(1).hashPolicies()).containsExactly(new HashPolicy.SourceIp());
        assertThat(m.forward(2).hashPolicies())
                .containsExactly(new HashPolicy.Cookie("c", java.util.Optional.of(60L), "/", List.of("SameSite=Lax")));
        assertThat(m.forward(0).retry().avoidPreviousHosts()).isFalse();
        assertThat(m.forward(2).retry().avoidPreviousHosts()).isTrue();
    }

    @Test
    void tlsRulesPrecedeTcpRulesAndOnlyTheServicesOwnNameCounts() {
        TestMesh m = TestMesh.of(vs(
                "echo",
                "{hosts: [echo], tcp: [{match: [{port: 91}], route: [{destination: {host: reviews}}]}, "
                        + "{route: [{destination: {host: echo, port: {number: 90}}, weight: 30}, "
                        + "{destination: {host: reviews}, weight: 0}, {destination: {host: reviews}, weight: 70}]}]}"));
        assertThat(m.tcp(TestMesh.ECHO).backends())
                .containsExactly(new TcpChain.Backend(TestMesh.ECHO, 30), new TcpChain.Backend(TestMesh.REVIEWS, 70));
        String tls = "{hosts: [echo], tcp: [{route: [{destination: {host: reviews}}]}], "
                + "tls: [{match: [{sniHosts: [%s]}], route: [{destination: {host: echo, port: {number: 90}}}]}]}";
        assertThat(TestMesh.of(vs("echo", tls.formatted("echo.default.svc.cluster.local")))
                        .tcp(TestMesh.ECHO)
                        .backends())
                .containsExactly(new TcpChain.Backend(TestMesh.ECHO, 1));
        TestMesh other = TestMesh.of(vs("echo", tls.formatted("other.example")));
        assertThat(other.tcp(TestMesh.ECHO).backends()).containsExactly(new TcpChain.Backend(TestMesh.REVIEWS, 1));
        assertThat(other.findings()).anyMatch(f -> f.contains("sniHosts"));
    }

    /** What istiod's validation refuses (measured-behaviour.md, VirtualService). */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {redirect: {uri: /x}, fault: {abort: {httpStatus: 500}}}                                    | fault
            {redirect: {uri: /x, redirectCode: 200}}                                                    | redirectCode
            {directResponse: {status: 99}}                                                              | status
            {directResponse: {status: 200}, route: [{destination: {host: reviews}}]}                    | directResponse
            {rewrite: {authority: a}, headers: {request: {set: {Host: b}}}, route: [{destination: {host: reviews}}]} | rewrite
            {match: [{headers: {":path": {exact: /}}}], route: [{destination: {host: reviews}}]}        | pseudo-headers
            {match: [{headers: {"@request.auth.claims.a": {exact: b}}}], route: [{destination: {host: reviews}}]} | claims
            {match: [{queryParams: {q: {regex: ""}}}], route: [{destination: {host: reviews}}]}         | regex
            {match: [{uri: {regex: "*"}}], route: [{destination: {host: reviews}}]}                     | regex
            {retries: {attempts: 1, retryOn: sometimes}, route: [{destination: {host: reviews}}]}       | retryOn
            {fault: {abort: {grpcStatus: "14"}}, route: [{destination: {host: reviews}}]}               | grpcStatus
            {mirrorPercentage: {value: 101}, mirror: {host: reviews}, route: [{destination: {host: reviews}}]} | percentage
            {route: [{destination: {host: reviews}, weight: 0}, {destination: {host: reviews}, weight: 0}]} | nowhere
            """)
    void refused(String rule, String message) {
        assertThat(http(rule).errors()).anyMatch(e -> e.contains(message));
    }

    @Test
    void hostsAreChecked() {
        assertThat(TestMesh.of(vs("x", "{hosts: [\"echo*\"], http: []}")).errors())
                .isNotEmpty();
        assertThat(TestMesh.of(vs("x", "{hosts: [\"*\"], http: []}")).errors()).isNotEmpty();
        assertThat(TestMesh.of(
                                vs(
                                        "x",
                                        "{hosts: [\"*.default.svc.cluster.local\"], http: [{name: w, route: [{destination: {host: reviews}}]}]}"))
                        .rules())
                .extracting(RouteRule::name)
                .containsExactly("w");
    }

    @Test
    void rulesAfterOneForEverythingAreReported() {
        TestMesh m = http("{name: all, match: [{uri: {regex: \".*\"}}], route: [{destination: {host: reviews}}]}, "
                + "{name: never, route: [{destination: {host: reviews}}]}");
        assertThat(m.rules()).extracting(RouteRule::name).containsExactly("all");
        assertThat(m.findings()).anyMatch(f -> f.contains("http[1]") && f.contains("not reached"));
    }
}
