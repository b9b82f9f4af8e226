package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.gateway;
import static io.milepost.config.kube.TestObjects.meshConfig;
import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.HeaderMutations.Op;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteRule;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for routes of the Gateway API, that no recorded case shows; each test names the function of istiod that has it. */
class IstiodGatewayRouteTest {
    private static final String PARENT = "parentRefs: [{group: '', kind: Service, name: ";

    private static TestMesh route(String rules) {
        return TestMesh.of(gateway("HTTPRoute", "r", "{" + PARENT + "reviews}], rules: [" + rules + "]}"));
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
        TestMesh m = TestMesh.of(gateway(
                "TLSRoute",
                "t",
                "{" + PARENT + "echo}], hostnames: " + names
                        + ", rules: [{backendRefs: [{name: reviews, port: 9080}]}]}"));
        assertThat(m.tcp(TestMesh.ECHO).backends())
                .singleElement()
                .satisfies(b -> assertThat(b.cluster()).contains(target));
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
            TestMesh m = TestMesh.of(hash + gateway("HTTPRoute", "r", route.formatted(rule)));
            assertThat(m.forward(0).hashPolicies()).containsExactly(new RouteAction.HashPolicy.Header("x-user"));
            assertThat(m.forward(0).retry().avoidPreviousHosts()).isEqualTo(rule.equals(two));
        }
    }

    /** applyHTTPRouteDestination: the mesh's retries count for routes of the Gateway API that say nothing of retries. */
    @Test
    void theMeshsRetriesAreThoseOfRoutes() {
        String config = meshConfig("defaultHttpRetryPolicy: {attempts: 7, retryOn: reset}");
        String route = "{" + PARENT + "reviews}], rules: [{%s backendRefs: [{name: reviews, port: 9080}]}]}";
        for (String kind : List.of("HTTPRoute", "GRPCRoute")) {
            TestMesh m = TestMesh.of(config + gateway(kind, "r", route.formatted("")));
            assertThat(m.forward(0).retry().attempts()).isEqualTo(7);
        }
        TestMesh own = TestMesh.of(config + gateway("HTTPRoute", "r", route.formatted("retry: {attempts: 3},")));
        assertThat(own.forward(0).retry().attempts()).isEqualTo(3);
    }

    /** convertHTTPRoute loses a mirror that leads nowhere, convertGRPCRoute returns nothing, so the route is dropped. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTPRoute | {name: gone, port: 90}                    | 1 | BackendNotFound",
                "HTTPRoute | {name: echo}                              | 1 | InvalidDestination",
                "HTTPRoute | {name: x, kind: Odd, group: example.org, port: 1} | 1 | InvalidKind",
                "GRPCRoute | {name: gone, port: 90}                    | 0 | BackendNotFound",
                "GRPCRoute | {name: echo}                              | 0 | InvalidDestination",
                "GRPCRoute | {name: echo.default, port: 80}            | 0 | InvalidDestination",
                "GRPCRoute | {name: x, kind: Odd, group: example.org, port: 1} | 0 | InvalidKind",
                // Nobody asks for the port of a service that exists.
                "GRPCRoute | {name: echo, port: 999}                   | 1 | BackendNotFound",
            })
    void mirrorsThatLeadNowhere(String kind, String target, int rules, String reason) {
        String r = gateway(
                kind,
                "r",
                "{" + PARENT + "reviews}], rules: [{name: own, filters: [{type: RequestMirror, requestMirror: "
                        + "{backendRef: " + target + "}}, {type: RequestMirror, requestMirror: {backendRef: "
                        + "{name: echo, port: 80}}}], backendRefs: [{name: reviews, port: 9080}]}]}");
        TestMesh istio = TestMesh.of(r);
        assertThat(istio.rules()).filteredOn(x -> x.name().equals("own")).hasSize(rules);
        assertThat(istio.findings())
                .filteredOn(f -> f.contains("requestMirror"))
                .singleElement()
                .satisfies(f -> assertThat(f)
                        .contains(kind + " default/r", rules == 0 ? "drops a GRPCRoute" : "requests are not copied"));
        TestMesh strict = TestMesh.of(GatewayApiMode.STRICT, r);
        for (TestMesh m : rules == 0 ? List.of(strict) : List.of(istio, strict)) {
            assertThat(m.forward(0).mirrors())
                    .singleElement()
                    .satisfies(x -> assertThat(x.cluster()).contains("echo"));
        }
        for (TestMesh m : List.of(istio, strict)) {
            assertThat(m.conditions("r")).contains("Accepted true Accepted", "ResolvedRefs false " + reason);
        }
    }
}
