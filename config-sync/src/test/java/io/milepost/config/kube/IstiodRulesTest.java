package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.HeaderMutations.Op;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TelemetrySettings.Format;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules that no recorded case shows; each test names the function of istiod that has it. */
class IstiodRulesTest {
    private static final String TO = "route: [{destination: {host: reviews}}]";
    private static final String PARENT = "parentRefs: [{group: '', kind: Service, name: ";

    private static String object(String kind, String name, String spec) {
        return object("networking.istio.io/v1", kind, name, spec);
    }

    private static String object(String api, String kind, String name, String spec) {
        return "---\napiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: " + name
                + ", namespace: default}\nspec: " + spec + "\n";
    }

    private static TestMesh http(String rules) {
        return TestMesh.of(object("VirtualService", "reviews", "{hosts: [reviews], http: [" + rules + "]}"));
    }

    private static TestMesh route(String rules) {
        return TestMesh.of(object(
                "gateway.networking.k8s.io/v1", "HTTPRoute", "r", "{" + PARENT + "reviews}], rules: [" + rules + "]}"));
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
            TestMesh m = TestMesh.of(object(
                    "VirtualService",
                    "echo",
                    "{hosts: [echo], " + kind + ": [{match: [{" + names + match
                            + "}], route: [{destination: {host: reviews}}]}]}"));
            assertThat(m.tcp(TestMesh.ECHO).backends())
                    .singleElement()
                    .satisfies(b -> assertThat(b.cluster()).contains(target));
        }
    }

    /** mergeDestinationRule and SidecarScope.DestinationRule: what is exported differently stays apart, the youngest counts. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                  | ''                   | RANDOM      | true",
                "''                  | 'exportTo: [\"*\"],' | ROUND_ROBIN | false",
                "'exportTo: [\"*\"],'| ''                   | ROUND_ROBIN | false",
                "'exportTo: [.],'    | 'exportTo: [., x],'  | RANDOM      | true",
                "'exportTo: [., x],' | 'exportTo: [.],'     | ROUND_ROBIN | false",
            })
    void rulesForOneHost(String first, String second, Policy policy, boolean joined) {
        TestMesh m = TestMesh.of(object(
                        "DestinationRule",
                        "a",
                        "{" + first + " host: reviews, subsets: [{name: v1, labels: {version: v1}}], "
                                + "trafficPolicy: {loadBalancer: {simple: RANDOM}}}")
                + object(
                        "DestinationRule",
                        "b",
                        "{" + second + " host: reviews, subsets: [{name: v2, labels: {version: v2}}], "
                                + "trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}"));
        assertThat(m.cluster(TestMesh.REVIEWS).balancer().policy()).isEqualTo(policy);
        assertThat(m.snapshot().clusters().keySet().stream().filter(c -> c.contains("/v")))
                .hasSize(joined ? 2 : 1)
                .anyMatch(c -> c.contains("/v2|"));
        assertThat(m.findings().stream().anyMatch(f -> f.contains("counts alone")))
                .isEqualTo(!joined);
    }

    /** createHeadersMatch and createQueryParamsMatch keep maps; convertHTTPRoute takes the last filter of a type. */
    @Test
    void whatIsWrittenTwice() {
        TestMesh m = route("{matches: [{headers: [{name: x, value: a}, {name: X, value: b}, {name: x, value: c}], "
                + "queryParams: [{name: q, value: a}, {name: q, value: b}]}], "
                + "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: a}]}}, "
                + "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: b, value: b}]}}], "
                + "backendRefs: [{name: reviews, port: 9080}]}");
        RouteRule r = m.rules().getFirst();
        assertThat(r.match().headers()).hasSize(2);
        assertThat(r.match().headers().toString())
                .contains("value=c", "value=b")
                .doesNotContain("value=a");
        assertThat(r.match().query()).singleElement().asString().contains("value=b");
        assertThat(r.requestHeaders().ops()).extracting(Op::name).containsExactly("b");
    }

    /** parseRetryOn: numbers that Go has no text for are no status codes. */
    @Test
    void codesToRetryOn() {
        TestMesh m = route("{retry: {codes: [499, 503, 520]}, backendRefs: [{name: reviews, port: 9080}]}");
        assertThat(m.forward(0).retry().statusCodes()).containsExactly(503);
        assertThat(m.findings()).anyMatch(f -> f.contains("499")).anyMatch(f -> f.contains("520"));
        TestMesh none = route("{retry: {codes: [499]}, backendRefs: [{name: reviews, port: 9080}]}");
        assertThat(none.forward(0).retry().on()).doesNotContain("retriable-status-codes");
    }

    /** applyHTTPRouteDestination quotes the separated prefix, which an exact match has not. */
    @Test
    void aPrefixIsRemovedFromAnExactPathOnlyAtItsSlash() {
        TestMesh m = route("{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, "
                + "urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}], "
                + "backendRefs: [{name: reviews, port: 9080}]}");
        assertThat(m.forward(0).rewrite().orElseThrow().regex())
                .contains(new RouteAction.RegexRewrite("^(/?)(.*)", "/\\2"));
    }

    /** compatibleRoutesForHost: of several names those that are not the service's are left out. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "['*']                                           | reviews",
                "[a.example]                                     | echo",
                "[echo.default.svc.cluster.local]                | reviews",
                "[echo.default.svc.cluster.local, a.example]     | reviews",
                "[echo.default.svc.cluster.local, '*.cluster.local'] | echo",
            })
    void namesOfATlsRoute(String names, String target) {
        TestMesh m = TestMesh.of(object(
                "gateway.networking.k8s.io/v1",
                "TLSRoute",
                "t",
                "{" + PARENT + "echo}], hostnames: " + names
                        + ", rules: [{backendRefs: [{name: reviews, port: 9080}]}]}"));
        assertThat(m.tcp(TestMesh.ECHO).backends())
                .singleElement()
                .satisfies(b -> assertThat(b.cluster()).contains(target));
    }

    /** ConvertProtocol: appProtocol is read as names are. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "80   | http-web | ''                 | HTTP",
                "80   | web      | ''                 | AUTO",
                "80   | web      | http-foo           | HTTP",
                "80   | web      | GRPC-Web-x         | GRPC_WEB",
                "80   | GRPC-WEB | ''                 | GRPC_WEB",
                "80   | http     | kubernetes.io/h2c  | HTTP2",
                "80   | http     | kubernetes.io/wss  | TCP",
                "80   | http     | unknown            | AUTO",
                "3306 | http     | unknown            | TCP",
                "3306 | db       | ''                 | TCP",
                "80   | http1    | ''                 | AUTO",
                "80   | a        | mongo              | TCP",
            })
    void protocolsOfPorts(int port, String name, String appProtocol, PortProtocol expected) {
        assertThat(PortProtocol.of(port, "TCP", name, appProtocol)).isEqualTo(expected);
    }

    /** convertPort: the name of a ServiceEntry's port says nothing. */
    @Test
    void protocolsOfAServiceEntry() {
        TestMesh m = TestMesh.of(object(
                "ServiceEntry",
                "e",
                "{hosts: [e.example], addresses: [10.1.1.1], resolution: STATIC, endpoints: [{address: 127.3.3.3}], "
                        + "ports: [{number: 80, name: http}, {number: 81, name: x, protocol: HTTP}, "
                        + "{number: 82, name: http-y, protocol: TCP}]}"));
        assertThat(m.snapshot().httpChains())
                .containsKeys("inbound-vip|80|http|e.example", "inbound-vip|81|http|e.example");
        assertThat(m.snapshot().tcpChains())
                .containsKeys("inbound-vip|80|tcp|e.example", "inbound-vip|82|tcp|e.example")
                .doesNotContainKey("inbound-vip|81|tcp|e.example");
    }

    private static String telemetry(String name, String spec) {
        return object("telemetry.istio.io/v1", "Telemetry", name, "{" + spec + "}");
    }

    /** mergeLogs, namespaceWideTelemetryConfig, fetchProvider, telemetryAccessLog, setHTTPAccessLog. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "-                                                            | -                         | FILE",
                "{providers: [{name: A}], filter: {expression: f}}            | -                         | A f",
                "{providers: [{name: A}], filter: {expression: f}}            | {disabled: false}         | A f",
                "{providers: [{name: A}]}                                     | {filter: {expression: f}} | A",
                "{providers: [{name: A}]}                                     | {disabled: true}          | ''",
                "{disabled: true}                                             | -                         | FILE",
                "{providers: [{name: nobody}]}                                | -                         | FILE",
                "{providers: [{name: prometheus}]}                            | -                         | FILE",
                "{providers: [{name: a}]}                                     | -                         | A",
                "{providers: [{name: envoy}]}                                 | -                         | FILE",
                "{providers: [{name: B}]}                                     | -                         | {}",
                "{providers: [{name: A}]} | {match: {mode: CLIENT}, providers: [{name: B}]}, {disabled: true} | A",
                "{providers: [{name: A}]} | {providers: [{name: B}]}, {match: {mode: CLIENT}, disabled: true} | {}",
            })
    void whichProvidersLog(@Nullable String wide, @Nullable String targeted, String expected) {
        StringBuilder objects = new StringBuilder("""
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: istio, namespace: istio-system}
                data:
                  mesh: |
                    accessLogFile: /dev/stdout
                    accessLogFormat: FILE
                    extensionProviders:
                    - {name: A, envoyFileAccessLog: {path: /dev/stdout, logFormat: {text: "A"}}}
                    - {name: B, envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {}}}}
                    - {name: prometheus, prometheus: {}}
                    - {name: envoy, envoyFileAccessLog: {path: /dev/stdout}}
                """);
        if (wide != null) {
            objects.append(telemetry("a", "selector: {matchLabels: {}}, accessLogging: [" + wide + "]"));
            objects.append(telemetry("b", "accessLogging: [{providers: [{name: B}]}, {disabled: true}]"));
        }
        if (targeted != null) {
            objects.append(
                    telemetry("t", "targetRefs: [{kind: Service, name: reviews}], accessLogging: [" + targeted + "]"));
        }
        TestMesh m = TestMesh.of(objects.toString());
        List<String> logs = m.reviews().telemetry().accessLogs().stream()
                .map(l -> (l.format() instanceof Format.Text t ? t.text().strip() : "{}")
                        + (l.filter().isEmpty() ? "" : " " + l.filter()))
                .toList();
        assertThat(String.join(", ", logs)).isEqualTo(expected);
        assertThat(m.findings().stream().anyMatch(f -> f.contains("Telemetry default/b") && f.contains("is older")))
                .isEqualTo(wide != null);
    }

    /** Of Telemetry objects for one service the youngest counts (getTelemetries sorts by age). */
    @Test
    void theYoungestTargetedTelemetryCounts() {
        String provider = "{name: %s, envoyFileAccessLog: {path: /dev/stdout, logFormat: {text: %s}}}";
        String config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
                + "data:\n  mesh: |\n    extensionProviders: [" + provider.formatted("old", "OLD") + ", "
                + provider.formatted("new", "NEW") + "]\n";
        String old = telemetry(
                "z, creationTimestamp: '2020-01-01T00:00:00Z'",
                "targetRefs: [{kind: Service, name: reviews}], accessLogging: [{providers: [{name: old}]}]");
        String young = telemetry(
                "a, creationTimestamp: '2021-01-01T00:00:00Z'",
                "targetRefs: [{kind: Service, name: reviews}], accessLogging: [{providers: [{name: new}]}]");
        TestMesh m = TestMesh.of(config + old + young);
        assertThat(m.reviews().telemetry().accessLogs())
                .extracting(l -> ((Format.Text) l.format()).text())
                .containsExactly("NEW\n");
    }

    /** TranslateRoute asks LookupHash for destinations of HTTPRoutes, too. */
    @Test
    void routesOfTheGatewayApiAreHashed() {
        String hash = object(
                "DestinationRule",
                "reviews",
                "{host: reviews, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: X-User}}}}");
        String route = "{" + PARENT + "reviews}], rules: [%s]}";
        String one = "{backendRefs: [{name: reviews, port: 9080}]}";
        String two = "{backendRefs: [{name: reviews, port: 9080}, {name: echo, port: 80}]}";
        for (String rule : List.of(one, two)) {
            TestMesh m =
                    TestMesh.of(hash + object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", route.formatted(rule)));
            assertThat(m.forward(0).hashPolicies()).containsExactly(new RouteAction.HashPolicy.Header("x-user"));
            assertThat(m.forward(0).retry().avoidPreviousHosts()).isEqualTo(rule.equals(two));
        }
    }

    /** applyHTTPRouteDestination: the mesh's retries count for routes of the Gateway API that say nothing of retries. */
    @Test
    void theMeshsRetriesAreThoseOfRoutes() {
        String config = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: istio, namespace: istio-system}
                data: {mesh: "defaultHttpRetryPolicy: {attempts: 7, retryOn: reset}"}
                """;
        String route = "{" + PARENT + "reviews}], rules: [{%s backendRefs: [{name: reviews, port: 9080}]}]}";
        for (String kind : List.of("HTTPRoute", "GRPCRoute")) {
            TestMesh m = TestMesh.of(config + object("gateway.networking.k8s.io/v1", kind, "r", route.formatted("")));
            assertThat(m.forward(0).retry().attempts()).isEqualTo(7);
        }
        TestMesh own = TestMesh.of(config
                + object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", route.formatted("retry: {attempts: 3},")));
        assertThat(own.forward(0).retry().attempts()).isEqualTo(3);
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
                        ? object(
                                "gateway.networking.k8s.io/v1",
                                kind,
                                "t",
                                "{" + PARENT + "echo}], rules: [{backendRefs: [" + to + "]}]}")
                        : object(kind, "t", "{hosts: [echo], tcp: [{route: [" + to + "]}]}")));
        assertThat(m.tcp(TestMesh.ECHO).idleTimeoutMillis()).isEqualTo(7_000);
        assertThat(m.tcp(TestMesh.ECHO).hashSourceIp()).isEqualTo(hashed);
    }

    /** shouldH2Upgrade: a DestinationRule may ask for HTTP/2 on an undeclared port, the mesh may not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "80 | h2UpgradePolicy: UPGRADE                          | UPGRADE | HTTP2",
                "80 | h2UpgradePolicy: DO_NOT_UPGRADE                   | UPGRADE | HTTP1",
                "80 | maxRetries: 1                                     | UPGRADE | HTTP2",
                "7  | h2UpgradePolicy: UPGRADE                          | DO_NOT_UPGRADE | HTTP2",
                "7  | h2UpgradePolicy: UPGRADE, useClientProtocol: true | UPGRADE | CLIENT",
                "7  | maxRetries: 1                                     | UPGRADE | CLIENT",
            })
    void whatIsSpokenToEndpoints(int port, String http, String mesh, Cluster.Protocol expected) {
        TestMesh m = TestMesh.of("""
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: istio, namespace: istio-system}
                data: {mesh: "h2UpgradePolicy: %s"}
                """.formatted(mesh)
                + object(
                        "DestinationRule",
                        "echo",
                        "{host: echo, trafficPolicy: {connectionPool: {http: {" + http + "}}}}"));
        assertThat(m.cluster("inbound-vip|" + port + "|http|echo.default.svc.cluster.local")
                        .protocol())
                .isEqualTo(expected);
    }

    /** applyRetryBudget: nothing and 0 are 3. */
    @ParameterizedTest
    @CsvSource({"'', 3", "'minRetryConcurrency: 0', 3", "'minRetryConcurrency: 9', 9"})
    void leastRetriesOfABudget(String budget, int least) {
        TestMesh m = TestMesh.of(object(
                "DestinationRule", "reviews", "{host: reviews, trafficPolicy: {retryBudget: {" + budget + "}}}"));
        assertThat(m.cluster(TestMesh.REVIEWS)
                        .limits()
                        .retryBudget()
                        .orElseThrow()
                        .minConcurrency())
                .isEqualTo(least);
    }

    /** convertServices: a targetPort replaces the destination's port where no address is known. */
    @Test
    void targetPortsWithoutAddresses() {
        TestMesh m = TestMesh.of(
                object(
                        "ServiceEntry",
                        "e",
                        "{hosts: [e.example], addresses: [10.1.1.0/24], resolution: NONE, "
                                + "ports: [{number: 80, name: a, protocol: HTTP, targetPort: 8080}, {number: 81, name: b, protocol: HTTP}]}"));
        assertThat(m.endpoints("inbound-vip|80|http|e.example")
                        .localities()
                        .getFirst()
                        .endpoints())
                .singleElement()
                .satisfies(e -> assertThat(e.address() + ":" + e.port()).isEqualTo(":8080"));
        assertThat(m.endpoints("inbound-vip|81|http|e.example").localities()).isEmpty();
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
}
