package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.gateway;
import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.HeaderMutations.Op;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for VirtualServices: what an entry matches, and what of it istiod keeps, that no recorded case shows; each test names the function of istiod that has it. */
class IstiodVirtualServiceTest {
    private static final String TO = "route: [{destination: {host: reviews}}]";
    private static final String PARENT = "parentRefs: [{group: '', kind: Service, name: ";

    private static TestMesh http(String rules) {
        return TestMesh.of(object("VirtualService", "reviews", "{hosts: [reviews], http: [" + rules + "]}"));
    }

    /** sourceMatchHTTP: beside gateways nobody looks at the namespace; empty sourceLabels are none. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sourceNamespace: default                    | true",
                "sourceNamespace: other                      | false",
                "gateways: [mesh], sourceNamespace: other    | true",
                "gateways: [x/y], sourceNamespace: default   | false",
                "sourceLabels: {}                            | true",
                "sourceLabels: {app: client}                 | false",
                "gateways: [mesh], sourceLabels: {app: a}    | false",
            })
    void whoseRequestsAnEntryIsFor(String match, boolean counts) {
        TestMesh m = http("{name: own, match: [{" + match + "}], " + TO + "}");
        assertThat(m.rules()).extracting(RouteRule::name).containsExactly(counts ? "own" : "default");
    }

    /** hasConflict and mergeHTTPMatchRequest. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{sourceNamespace: default}       | {uri: {prefix: /}}                 | false",
                "{sourceNamespace: default}       | {sourceNamespace: default}         | true",
                "{uri: {prefix: /}}               | {sourceNamespace: default}         | true",
                "{gateways: [mesh]}               | {gateways: [x/y]}                  | false",
                "{gateways: [mesh]}               | {gateways: [mesh]}                 | true",
                "{gateways: [mesh, x/y]}          | {uri: {prefix: /}}                 | true",
                "{sourceLabels: {}}               | {sourceLabels: {}}                 | true",
            })
    void delegatesMayNotSpeakOfOtherClients(String root, String own, boolean joined) {
        TestMesh m = TestMesh.of(object(
                        "VirtualService",
                        "reviews",
                        "{hosts: [reviews], http: [{match: [" + root + "], delegate: {name: team}}]}")
                + object("VirtualService", "team", "{http: [{name: team, match: [" + own + "], " + TO + "}]}"));
        assertThat(m.rules()).extracting(RouteRule::name).containsExactly(joined ? "team" : "default");
    }

    /** translateAppendHeaders: sorted as they are spelled, all of them applied; Host of an answer is dropped. */
    @Test
    void headersInSeveralSpellings() {
        TestMesh m = http("{headers: {request: {set: {x-a: '2', X-A: '1', host: ''}, add: {X-B: '1', x-b: '2'}}, "
                + "response: {set: {host: h, x-c: c}, add: {Host: h}}}, " + TO + "}");
        assertThat(m.errors()).isEmpty();
        assertThat(m.rules().getFirst().requestHeaders().ops())
                .extracting(o -> o.action() + " " + o.name() + " " + o.format())
                .containsExactly("SET x-a 1", "SET x-a 2", "ADD x-b 1", "ADD x-b 2");
        assertThat(m.rules().getFirst().responseHeaders().ops())
                .extracting(Op::name)
                .containsExactly("x-c");
        assertThat(m.forward(0).rewrite()).isEmpty();
    }

    /** TranslateFault: a part that says neither how long nor what is none; shares are cut off, not rounded. */
    @Test
    void faultsThatSayNothing() {
        RouteRule.Fault none = http("{fault: {delay: {percentage: {value: 100}}, abort: {percentage: {value: 100}}}, "
                        + TO + "}")
                .rules()
                .getFirst()
                .fault()
                .orElseThrow();
        assertThat(none.delay()).isEmpty();
        assertThat(none.abort()).isEmpty();
        RouteRule.Fault third = http("{fault: {delay: {fixedDelay: 1s, percentage: {value: 66.66667}}}, " + TO + "}")
                .rules()
                .getFirst()
                .fault()
                .orElseThrow();
        assertThat(third.delay().orElseThrow().perMillion()).isEqualTo(666_666);
    }

    /** getTCPRouteMatch and getTLSRouteMatch compare with no labels and no namespace. */
    @ParameterizedTest
    @CsvSource({
        "'sourceLabels: {app: a}', echo",
        "'sourceNamespace: default', echo",
        "'sourceLabels: {}', reviews",
        "'port: 90', reviews"
    })
    void sourcesOfConnections(String match, String target) {
        for (String kind : List.of("tcp", "tls")) {
            String names = kind.equals("tls") ? "sniHosts: [echo.default.svc.cluster.local], " : "";
            assertThat(goesTo(toReviews(kind, "match: [{" + names + match + "}],")))
                    .contains(target);
        }
    }

    /** buildWaypointNetworkFilters: settings of the first destination's rule; a subset only when it is the only one. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "VirtualService | {destination: {host: reviews, subset: v1}} | false",
                "VirtualService | {destination: {host: reviews, subset: v1}, weight: 1}, {destination: {host: echo}, weight: 1} | true",
                "TCPRoute       | {name: reviews, port: 9080} | true",
                "TCPRoute       | {name: reviews, port: 9080}, {name: echo, port: 90} | true",
            })
    void settingsOfConnections(String kind, String to, boolean hashed) {
        String rule = object(
                "DestinationRule",
                "reviews",
                "{host: reviews, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}, "
                        + "connectionPool: {tcp: {idleTimeout: 7s}}}, subsets: [{name: v1, labels: {version: v1}, "
                        + "trafficPolicy: {loadBalancer: {simple: RANDOM}}}]}");
        TestMesh m = TestMesh.of(rule
                + (kind.equals("TCPRoute")
                        ? gateway(kind, "t", "{" + PARENT + "echo}], rules: [{backendRefs: [" + to + "]}]}")
                        : object(kind, "t", "{hosts: [echo], tcp: [{route: [" + to + "]}]}")));
        assertThat(m.tcp(TestMesh.ECHO).idleTimeoutMillis()).isEqualTo(7_000);
        assertThat(m.tcp(TestMesh.ECHO).hashSourceIp()).isEqualTo(hashed);
    }

    /** host.Name.Matches, in both directions. */
    @ParameterizedTest
    @CsvSource({
        "a.x, a.x, true",
        "a.x, b.x, false",
        "*.x, a.x, true",
        "a.x, *.x, true",
        "*.x, *.a.x, true",
        "*.a.x, *.x, true",
        "*.a.x, *.b.x, false"
    })
    void hosts(String pattern, String host, boolean matches) {
        assertThat(VirtualServices.hostMatches(pattern, host)).isEqualTo(matches);
    }

    /** protobuf's JSON: numbers may stand in quotes, whole ones may have a fraction of 0. */
    @Test
    void numbersInOtherForms() {
        TestMesh m = http("{fault: {delay: {fixedDelay: 1s, percentage: {value: '12.5'}}}, route: ["
                + "{destination: {host: reviews}, weight: 30.0}, {destination: {host: echo}, weight: '70'}]}");
        assertThat(m.errors()).isEmpty();
        assertThat(m.rules()
                        .getFirst()
                        .fault()
                        .orElseThrow()
                        .delay()
                        .orElseThrow()
                        .perMillion())
                .isEqualTo(125_000);
        assertThat(m.forward(0).backends())
                .extracting(RouteAction.Backend::weight)
                .containsExactly(30, 70);
        assertThat(http("{timeout: 1s, route: [{destination: {host: reviews}, weight: 1.5}]}")
                        .errors())
                .isNotEmpty();
    }

    /** matchTCP and matchTLS do not look at destinationSubnets; validateTLSMatch refuses what names nobody. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tcp | match: [{destinationSubnets: [10.97.0.0/16]}],  | reviews | destinationSubnets",
                "tls | match: [{destinationSubnets: [10.97.0.0/16], sniHosts: [echo.default.svc.cluster.local]}], | reviews | destinationSubnets",
                "tcp | match: [{destinationSubnets: [nowhere]}],       | error   | destinationSubnets",
                "tls | match: [{port: 90}],                            | error   | sniHosts",
                "tls | ''                                              | error   | match",
            })
    void whatConnectionsAreMatchedBy(String kind, String match, String target, String finding) {
        TestMesh m = toReviews(kind, match);
        assertThat(m.findings()).anyMatch(f -> f.contains(finding));
        if (target.equals("error")) {
            assertThat(m.errors()).singleElement().asString().contains(finding);
        } else {
            assertThat(m.errors()).isEmpty();
            assertThat(goesTo(m)).contains(target);
        }
    }

    /** A VirtualService of {@code echo} with one tcp or tls route. */
    private static TestMesh toReviews(String kind, String match) {
        return TestMesh.of(object(
                "VirtualService",
                "echo",
                "{hosts: [echo], " + kind + ": [{" + match + " route: [{destination: {host: reviews}}]}]}"));
    }

    private static String goesTo(TestMesh m) {
        return m.tcp(TestMesh.ECHO).backends().stream()
                .map(TcpChain.Backend::cluster)
                .collect(Collectors.joining());
    }

    /** ConvertPolicy of retry.go: the ceiling of the backoff is ten times its base, as Envoy has it. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "attempts: 3                                | 3 | 0    | 25 | 250  | true  | false",
                "attempts: 3, retryRemoteLocalities: true   | 3 | 0    | 25 | 250  | true  | true",
                "attempts: 3, retryRemoteLocalities: false  | 3 | 0    | 25 | 250  | true  | false",
                "attempts: 3, retryIgnorePreviousHosts: false | 3 | 0  | 25 | 250  | false | false",
                "attempts: 1, backoff: 40ms                 | 1 | 0    | 40 | 400  | true  | false",
                "attempts: 1, perTryTimeout: 2s             | 1 | 2000 | 25 | 250  | true  | false",
                "attempts: 0, backoff: 40ms                 | 0 | 0    | 25 | 250  | false | false",
            })
    void retries(
            String written, int attempts, long perTry, long base, long max, boolean avoidPrevious, boolean remote) {
        assertThat(http("{retries: {" + written + "}, " + TO + "}").forward(0).retry())
                .isEqualTo(new RetryPolicy(
                        attempts,
                        attempts == 0 ? Set.of() : RetryPolicy.ISTIO_DEFAULT.on(),
                        List.of(),
                        perTry,
                        base,
                        max,
                        avoidPrevious,
                        remote));
    }

    /** validateHTTPRetry: a number without a standard text is no status code. */
    @ParameterizedTest
    @CsvSource({"'503,connect-failure', true", "'404', true", "'499', false", "'520,503', false", "'sometimes', false"})
    void statusCodesOfRetries(String retryOn, boolean accepted) {
        TestMesh m = http("{retries: {attempts: 1, retryOn: '" + retryOn + "'}, " + TO + "}");
        assertThat(m.errors().isEmpty()).isEqualTo(accepted);
    }

    /** What istiod writes for Envoy's statistics alone, and a subset that nobody defines (503 NC, measured). */
    @Test
    void whatHasNoEffectIsTold() {
        TestMesh m = http("{match: [{uri: {prefix: /}, statPrefix: s}], route: [{destination: {host: reviews, "
                + "subset: gone}}]}");
        assertThat(m.errors()).isEmpty();
        assertThat(m.findings())
                .anyMatch(f -> f.contains("spec.http[0].match[0].statPrefix"))
                .anyMatch(f -> f.contains("has subset 'gone'"));
    }
}
