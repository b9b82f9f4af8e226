package io.milepost.config.kube;

import static io.milepost.config.kube.Yaml.build;
import static io.milepost.config.kube.Yaml.route;
import static io.milepost.config.kube.Yaml.rules;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Forward;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.ValueMatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Routes of the Gateway API. In Istio's mode the values are those of the recorded fidelity cases (gw-grpc, gw-invalid,
 * gw-tcp, gw-tls, gw-timeouts, gw-consumer); in the strict mode those of the Gateway API's specification.
 */
class GatewayRoutesTest {
    private static final String TO_REVIEWS = "backendRefs: [{name: reviews, port: 80}]";

    private static Forward forward(RouteRule r) {
        assertThat(r.action()).isInstanceOf(Forward.class);
        return (Forward) r.action();
    }

    private static RouteRule only(SnapshotBuilder.Result r) {
        assertThat(rules(r, "reviews", 80)).hasSize(1);
        return rules(r, "reviews", 80).getFirst();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{service: a.B, method: M};Exact[path=/a.B/M, ignoreCase=false]",
                "{service: a.B};SegmentPrefix[prefix=/a.B, ignoreCase=false]",
                "{method: M};Regex[pattern=/[^/]+/M]",
                "{type: RegularExpression, service: a.*, method: G.*};Regex[pattern=/a.*/G.*]",
                "{type: RegularExpression, service: a.*};Regex[pattern=/a.*/.+]",
                "{type: RegularExpression, method: List|Get};Regex[pattern=/[^/]+/List|Get]",
            })
    void methodsOfAGrpcRoute(String method, String path) {
        SnapshotBuilder.Result r = build(route(
                "GRPCRoute",
                "default",
                "g",
                "{group: '', kind: Service, name: reviews}",
                "[{matches: [{method: " + method + "}], " + TO_REVIEWS + "}]"));
        assertThat(only(r).match().path().toString()).isEqualTo(path);
        assertThat(only(r).name()).isEqualTo("default.g.0");
    }

    @Test
    void aGrpcRuleWithoutMethodStandsBehindRegularExpressions() {
        SnapshotBuilder.Result r = build(route(
                "GRPCRoute",
                "default",
                "g",
                "{group: '', kind: Service, name: reviews}",
                "[{matches: [{headers: [{name: x, value: y}]}], " + TO_REVIEWS
                        + "}, {matches: [{method: {method: M}}], " + TO_REVIEWS + "}]"));
        assertThat(rules(r, "reviews", 70)).extracting(RouteRule::name).containsExactly("default.g.1", "default.g.0");
    }

    @Test
    void aFilterThatIsNotServedDropsTheRouteOrBreaksTheRule() {
        String two = route("x", "reviews", """
                        [{matches: [{path: {value: /ext}}], filters: [{type: ExtensionRef, extensionRef: {group: g, kind: K, name: n}}], backendRefs: [{name: reviews, port: 80}]},
                             {matches: [{path: {value: /ok}}], backendRefs: [{name: reviews, port: 80}]}]""");
        SnapshotBuilder.Result istio = build(two);
        assertThat(only(istio).name()).isEqualTo("default");
        assertThat(istio.findings())
                .anySatisfy(f -> assertThat(f.toString())
                        .contains("HTTPRoute default/x spec.rules[0].filters[0].type", "ExtensionRef", "whole route"));
        SnapshotBuilder.Result strict = build(GatewayApiMode.STRICT, two);
        assertThat(rules(strict, "reviews", 80)).hasSize(2);
        assertThat(rules(strict, "reviews", 80).getFirst().action()).isEqualTo(new RouteAction.DirectReply(500, ""));
        assertThat(rules(strict, "reviews", 80).get(1).action()).isInstanceOf(Forward.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{name: reviews};no port: drops",
                "{name: a.b, port: 80};dotted: drops",
                "{name: gone, port: 80};BackendNotFound",
                "{name: reviews, port: 81};BackendNotFound",
                "{kind: Nothing, group: x.io, name: reviews, port: 80};InvalidKind",
                "{kind: Hostname, group: networking.istio.io, name: nowhere.example, port: 80};BackendNotFound",
            })
    void backendsThatCannotBeReached(String backend, String what) {
        SnapshotBuilder.Result r = build(route("x", "reviews", "[{backendRefs: [" + backend + "]}]"));
        if (what.endsWith("drops")) {
            assertThat(only(r).name()).isEqualTo("default");
        } else {
            Forward f = forward(only(r));
            assertThat(f.missingClusterStatus()).isEqualTo(500);
            assertThat(r.snapshot().clusters())
                    .doesNotContainKey(f.backends().getFirst().cluster());
            assertThat(r.findings()).anySatisfy(x -> assertThat(x.message()).contains("gets 500"));
        }
    }

    @Test
    void grantsAreAskedForInTheStrictModeOnly() {
        String across = route("x", "reviews", "[{backendRefs: [{name: far, namespace: other, port: 80}]}]");
        SnapshotBuilder.Result istio = build(across);
        assertThat(forward(only(istio)).backends().getFirst().cluster())
                .isEqualTo("outbound|80||far.other.svc.cluster.local");
        assertThat(istio.findings()).anySatisfy(f -> assertThat(f.message()).contains("no ReferenceGrant in other"));
        SnapshotBuilder.Result strict = build(GatewayApiMode.STRICT, across);
        assertThat(strict.snapshot().clusters())
                .doesNotContainKey(forward(only(strict)).backends().getFirst().cluster());
        String grant = """
                ---
                apiVersion: gateway.networking.k8s.io/v1beta1
                kind: ReferenceGrant
                metadata: {name: g, namespace: other}
                spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: "", kind: Service, name: far}]}
                """;
        assertThat(forward(only(build(GatewayApiMode.STRICT, across + grant)))
                        .backends()
                        .getFirst()
                        .cluster())
                .isEqualTo("outbound|80||far.other.svc.cluster.local");
        assertThat(build(across + grant).findings()).isEmpty();
    }

    @Test
    void consumerRoutesAreForClientsOfTheirNamespace() {
        String consumer = route(
                "HTTPRoute",
                "other",
                "c",
                "{group: '', kind: Service, name: reviews, namespace: default}",
                "[{backendRefs: [{name: ratings, namespace: default, port: 80}]}]");
        SnapshotBuilder.Result istio = build(consumer);
        assertThat(Yaml.http(istio.snapshot(), "reviews", 80).consumerRoutes()).isEmpty();
        assertThat(istio.findings()).anySatisfy(f -> assertThat(f.message()).contains("does not count for a service"));
        HttpChain strict = Yaml.http(build(GatewayApiMode.STRICT, consumer).snapshot(), "reviews", 80);
        assertThat(strict.routesFor("other").rules())
                .extracting(RouteRule::name)
                .containsExactly("other.c.0");
        assertThat(strict.routesFor("default").rules())
                .extracting(RouteRule::name)
                .containsExactly("default");
    }

    @Test
    void sectionNamesBindPortsInTheStrictModeOnly() {
        String section = route(
                "HTTPRoute",
                "default",
                "x",
                "{group: '', kind: Service, name: reviews, sectionName: grpc-a}",
                "[{" + TO_REVIEWS + "}]");
        assertThat(only(build(section)).name()).isEqualTo("default.x.0");
        assertThat(only(build(GatewayApiMode.STRICT, section)).name()).isEqualTo("default");
        assertThat(rules(build(GatewayApiMode.STRICT, section), "reviews", 70)
                        .getFirst()
                        .name())
                .isEqualTo("default.x.0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                // mode; timeouts and retry; route timeout; per-try timeout; further tries
                "ISTIO;timeouts: {request: 2s};2000;0;2",
                "ISTIO;timeouts: {request: 2s, backendRequest: 1s};1000;0;2",
                "ISTIO;'timeouts: {request: 2s, backendRequest: 1s}, retry: {attempts: 3, codes: [503]}';2000;1000;3",
                "ISTIO;retry: {attempts: 0};0;0;0",
                "STRICT;timeouts: {request: 2s, backendRequest: 1s};2000;1000;2",
                "STRICT;timeouts: {backendRequest: 1s};0;1000;2",
            })
    void timeouts(String mode, String fields, long request, long perTry, int attempts) {
        Forward f = forward(only(
                build(GatewayApiMode.parse(mode), route("x", "reviews", "[{" + TO_REVIEWS + ", " + fields + "}]"))));
        assertThat(f.timeouts().requestMillis()).isEqualTo(request);
        assertThat(f.retry().perTryTimeoutMillis()).isEqualTo(perTry);
        assertThat(f.retry().attempts()).isEqualTo(attempts);
    }

    @Test
    void strictRetriesCoverBrokenConnectionsAndSlowTries() {
        Forward f = forward(
                only(
                        build(
                                GatewayApiMode.STRICT,
                                route(
                                        "x",
                                        "reviews",
                                        "[{" + TO_REVIEWS
                                                + ", timeouts: {backendRequest: 1s}, retry: {attempts: 1, codes: [500], backoff: 100ms}}]"))));
        assertThat(f.retry().on()).contains("reset", "connect-failure", RetryPolicy.PER_TRY_TIMEOUT);
        assertThat(f.retry().statusCodes()).containsExactly(500);
        assertThat(f.retry().backoffBaseMillis()).isEqualTo(100);
    }

    @Test
    void sessionsAreKeptInTheStrictModeOnly() {
        String session = route(
                "x",
                "reviews",
                "[{" + TO_REVIEWS
                        + ", sessionPersistence: {sessionName: s, type: Cookie, absoluteTimeout: 1h, idleTimeout: 10m, cookieConfig: {lifetimeType: Permanent}}}]");
        assertThat(forward(only(build(session))).session()).isEmpty();
        assertThat(forward(only(build(GatewayApiMode.STRICT, session))).session())
                .contains(new RouteAction.SessionPersistence(true, "s", "/", true, 3_600_000, 600_000));
    }

    @Test
    void backendFiltersOfTheSpecification() {
        String filters = route("x", "reviews", """
                        [{backendRefs: [
                            {name: reviews, port: 80, filters: [{type: URLRewrite, urlRewrite: {hostname: h.example, path: {type: ReplaceFullPath, replaceFullPath: /f}}}]},
                            {name: ratings, port: 80, filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301, hostname: r.example}}]}]}]""");
        assertThat(only(build(filters)).name()).isEqualTo("default");
        Forward f = forward(only(build(GatewayApiMode.STRICT, filters)));
        assertThat(f.backends()
                        .getFirst()
                        .own()
                        .orElseThrow()
                        .rewrite()
                        .orElseThrow()
                        .host())
                .contains("h.example");
        assertThat(f.backends().get(1).own().orElseThrow().answer()).containsInstanceOf(RouteAction.Redirect.class);
    }

    @Test
    void tcpRoutesOfAPort() {
        String tcp = route(
                "TCPRoute",
                "default",
                "t",
                "{group: '', kind: Service, name: tcp}",
                "[{backendRefs: [{name: gone, port: 1}]}]");
        TcpChain chain = Yaml.tcp(build(tcp).snapshot(), "tcp", 90);
        assertThat(chain.backends())
                .containsExactly(new TcpChain.Backend("inbound-vip|1|http|gone.default.svc.cluster.local", 1));
        String none = route(
                "TCPRoute",
                "default",
                "t",
                "{group: '', kind: Service, name: tcp}",
                "[{backendRefs: [{name: tcp, port: 90, weight: 0}]}]");
        assertThat(Yaml.tcp(build(none).snapshot(), "tcp", 90).backends()).isEmpty();
    }

    @Test
    void serverNamesAreLookedAtInTheStrictModeOnly() {
        String tls = """
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: TLSRoute
                metadata: {name: wild}
                spec: {parentRefs: [{group: "", kind: Service, name: tcp}], hostnames: ["*.example"], rules: [{backendRefs: [{name: tcp, port: 90}]}]}
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: TLSRoute
                metadata: {name: zexact}
                spec: {parentRefs: [{group: "", kind: Service, name: tcp}], hostnames: [A.example], rules: [{backendRefs: [{name: tcp, port: 90}]}]}
                """;
        assertThat(Yaml.tcp(build(tls).snapshot(), "tcp", 90).sniRoutes()).isEmpty();
        TcpChain strict = Yaml.tcp(build(GatewayApiMode.STRICT, tls).snapshot(), "tcp", 90);
        assertThat(strict.sniRoutes())
                .extracting(TcpChain.SniRoute::hostnames)
                .containsExactly(java.util.List.of("a.example"), java.util.List.of("*.example"));
    }

    @Test
    void aRuleForEverythingEndsTheList() {
        SnapshotBuilder.Result r = build(route(
                "x",
                "reviews",
                "[{" + TO_REVIEWS + "}, {matches: [{path: {type: RegularExpression, value: /a.*}}], " + TO_REVIEWS
                        + "}]"));
        assertThat(only(r).match().path()).isEqualTo(PathMatch.ANY);
        assertThat(r.findings())
                .extracting(Finding::message)
                .containsExactly("rule 2 of HTTPRoute x can never match: rule 1 takes all that it would match");
    }

    @Test
    void encryptionTowardsBackends() {
        String policy = """
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: BackendTLSPolicy
                metadata: {name: p}
                spec:
                  targetRefs: [{group: "", kind: Service, name: reviews, sectionName: http}]
                  validation: {hostname: h.example, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}
                """;
        String ca = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: ca}
                data: {ca.crt: "-----BEGIN CERTIFICATE-----"}
                """;
        String name = "inbound-vip|80|http|reviews.default.svc.cluster.local";
        Cluster.UpstreamTls tls =
                Yaml.find(build(policy + ca).snapshot().clusters(), name).tls().orElseThrow();
        assertThat(tls.sni()).contains("h.example");
        assertThat(tls.sans()).containsExactly(ValueMatch.exact("h.example"));
        assertThat(tls.caPem()).contains("-----BEGIN CERTIFICATE-----");
        assertThat(Yaml.find(build(policy + ca).snapshot().clusters(), name.replace("80", "70"))
                        .tls())
                .isEmpty();
        SnapshotBuilder.Result without = build(policy);
        assertThat(Yaml.find(without.snapshot().clusters(), name)
                        .tls()
                        .orElseThrow()
                        .caPem())
                .as("nothing can be verified, so every connection fails")
                .contains("");
        assertThat(without.findings()).anySatisfy(f -> assertThat(f.message()).contains("every connection"));
    }

    @Test
    void retryBudgetOfAService() {
        SnapshotBuilder.Result r = build("""
                        ---
                        apiVersion: gateway.networking.x-k8s.io/v1alpha1
                        kind: XBackendTrafficPolicy
                        metadata: {name: p}
                        spec:
                          targetRefs: [{group: "", kind: Service, name: reviews}]
                          retryConstraint: {budget: {percent: 30}, minRetryRate: {count: 4, interval: 1s}}
                        """);
        assertThat(Yaml.find(r.snapshot().clusters(), "inbound-vip|80|http|reviews.default.svc.cluster.local")
                        .limits()
                        .retryBudget())
                .contains(new Cluster.Limits.RetryBudget(30, 4));
    }

    @Test
    void everyFieldThatNobodyReadIsReported() {
        SnapshotBuilder.Result r = build(
                route("x", "reviews", "[{matches: [{path: {value: /a, zzz: 1}}], yyy: {a: b}, " + TO_REVIEWS + "}]"));
        assertThat(r.findings())
                .extracting(f -> f.source().field())
                .containsExactly("spec.rules[0].matches[0].path.zzz", "spec.rules[0].yyy");
    }

    @Test
    void fieldsOfOtherObjectsThatHaveNoEffectAreReported() {
        SnapshotBuilder.Result r = build("""
                        ---
                        {apiVersion: v1, kind: Service, metadata: {name: odd}, spec: {sessionAffinity: ClientIP, selectors: {a: b}, ports: [{port: 1, target: 2}]}}
                        ---
                        {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {serviceAcountName: x}}
                        ---
                        apiVersion: gateway.networking.k8s.io/v1
                        kind: Gateway
                        metadata: {name: second}
                        spec: {gatewayClassName: istio-waypoint, tls: {}, listeners: [{name: mesh, port: 15008, protocol: HBONE, hostname: h}, {name: h, port: 80, protocol: HTTP}]}
                        """);
        assertThat(r.findings())
                .extracting(f -> f.source().name() + " " + f.source().field())
                .containsExactlyInAnyOrder(
                        "odd spec.sessionAffinity",
                        "odd spec.selectors",
                        "odd spec.ports[0].target",
                        "p spec.serviceAcountName",
                        "second spec.tls",
                        "second spec.listeners[0].hostname",
                        "second spec.listeners[1].protocol");
    }
}
