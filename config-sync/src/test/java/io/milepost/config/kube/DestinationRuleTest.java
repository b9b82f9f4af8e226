package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.RouteAction.Forward;
import io.milepost.mesh.RouteAction.HashPolicy;
import io.milepost.mesh.ValueMatch;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clusters as istiod makes them (waypoint-behaviour.md 5, cases vs-dr-lb, vs-dr-pool, vs-dr-outlier, vs-locality). */
class DestinationRuleTest {
    private static final String V1 = "inbound-vip|9080|http/v1|reviews.default.svc.cluster.local";
    private static final String GRPC = "inbound-vip|70|http|echo.default.svc.cluster.local";

    private static String dr(String name, String namespace, String spec) {
        return object("networking.istio.io/v1", "DestinationRule", namespace, name, spec);
    }

    private static TestMesh reviews(String rest) {
        return TestMesh.of(dr("reviews", "default", "{host: reviews, " + rest + "}"));
    }

    private static Cluster policy(String policy) {
        return reviews("trafficPolicy: " + policy).cluster(TestMesh.REVIEWS);
    }

    @Test
    void withoutRule() {
        Cluster c = TestMesh.of("").cluster(TestMesh.REVIEWS);
        assertThat(c.balancer()).isEqualTo(Cluster.LoadBalancer.LEAST_REQUEST);
        assertThat(c.limits()).isEqualTo(Cluster.Limits.NONE);
        assertThat(c.transport()).isEqualTo(Cluster.Transport.DEFAULT);
        assertThat(c.connectTimeoutMillis()).isEqualTo(10_000);
        assertThat(c.outlier()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "ROUND_ROBIN, ROUND_ROBIN",
        "RANDOM, RANDOM",
        "LEAST_REQUEST, LEAST_REQUEST",
        "LEAST_CONN, LEAST_REQUEST",
        "UNSPECIFIED, LEAST_REQUEST"
    })
    void simpleBalancers(String name, Policy expected) {
        assertThat(policy("{loadBalancer: {simple: " + name + "}}").balancer().policy())
                .isEqualTo(expected);
    }

    @Test
    void passthroughGoesToTheAddressOfTheConnect() {
        TestMesh m = reviews("trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}");
        assertThat(m.cluster(TestMesh.REVIEWS).discovery()).isEqualTo(Cluster.Discovery.ORIGINAL_DST);
        assertThat(m.endpoints(TestMesh.REVIEWS).localities()).isEmpty();
    }

    @Test
    void slowStart() {
        assertThat(policy("{loadBalancer: {warmup: {duration: 30s, aggression: 1.5, minimumPercent: 5}}}")
                        .balancer()
                        .warmup())
                .contains(new Cluster.LoadBalancer.Warmup(30_000, 1.5, 5));
        assertThat(policy("{loadBalancer: {simple: ROUND_ROBIN, warmupDurationSecs: 10s}}")
                        .balancer()
                        .warmup())
                .contains(new Cluster.LoadBalancer.Warmup(10_000, 1, 10));
    }

    @Test
    void tablesOfConsistentHashing() {
        assertThat(policy("{loadBalancer: {consistentHash: {httpHeaderName: x}}}")
                        .balancer()
                        .ring())
                .contains(new Cluster.LoadBalancer.Ring(1024, 8_388_608));
        assertThat(policy("{loadBalancer: {consistentHash: {httpHeaderName: x, ringHash: {minimumRingSize: 10}}}}")
                        .balancer()
                        .ring())
                .contains(new Cluster.LoadBalancer.Ring(10, 8_388_608));
        assertThat(policy("{loadBalancer: {consistentHash: {httpHeaderName: x, maglev: {}}}}")
                        .balancer())
                .isEqualTo(new Cluster.LoadBalancer(
                        Policy.MAGLEV,
                        Optional.of(new Cluster.LoadBalancer.Ring(65_537, 65_537)),
                        Optional.empty(),
                        false));
        assertThat(reviews(
                                "trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x, maglev: {tableSize: 100}}}}")
                        .errors())
                .anyMatch(e -> e.contains("prime"));
    }

    @Test
    void policiesOfAPortTakeNothingFromTheGeneralOne() {
        String general = "{loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 7}}, "
                + "outlierDetection: {consecutive5xxErrors: 3}, portLevelSettings: [{port: {number: %d}, loadBalancer: "
                + "{simple: ROUND_ROBIN}}]}";
        Cluster own = policy(general.formatted(9080));
        assertThat(own.balancer().policy()).isEqualTo(Policy.ROUND_ROBIN);
        assertThat(own.limits()).isEqualTo(Cluster.Limits.NONE);
        assertThat(own.outlier()).isEmpty();
        Cluster other = policy(general.formatted(81));
        assertThat(other.balancer().policy()).isEqualTo(Policy.RANDOM);
        assertThat(other.limits().connections()).isEqualTo(7);
        assertThat(other.outlier()).isPresent();
    }

    @Test
    void subsetsTakePartsFromTheService() {
        TestMesh m =
                reviews("trafficPolicy: {loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 7}}}, "
                        + "subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {http: {maxRetries: 2}}}}, "
                        + "{name: zone, labels: {topology.kubernetes.io/zone: zone-2}}]");
        Cluster c = m.cluster(V1);
        assertThat(c.subset()).isEqualTo("v1");
        assertThat(c.balancer().policy()).isEqualTo(Policy.RANDOM);
        assertThat(c.limits().connections()).as("a part is taken as a whole").isEqualTo(Integer.MAX_VALUE);
        assertThat(c.limits().retries()).isEqualTo(2);
        assertThat(m.addresses(V1)).containsExactly("127.1.1.1");
        assertThat(m.addresses("inbound-vip|9080|http/zone|reviews.default.svc.cluster.local"))
                .containsExactly("127.1.1.2");
    }

    @Test
    void poolOfConnections() {
        Cluster c = policy("{connectionPool: {tcp: {maxConnections: 1, connectTimeout: 2s, idleTimeout: 3s, "
                + "maxConnectionDuration: 4s, tcpKeepalive: {probes: 5, time: 60s, interval: 7s}}, http: "
                + "{http1MaxPendingRequests: 8, http2MaxRequests: 9, maxRetries: 10, maxRequestsPerConnection: 11, "
                + "useClientProtocol: true}}, retryBudget: {percent: 12, minRetryConcurrency: 13}}");
        assertThat(c.limits())
                .isEqualTo(new Cluster.Limits(1, 8, 9, 10, 11, 0, Optional.of(new Cluster.Limits.RetryBudget(12, 13))));
        assertThat(c.connectTimeoutMillis()).isEqualTo(2_000);
        assertThat(c.idleTimeoutMillis()).isEqualTo(3_000);
        assertThat(c.transport().maxConnectionMillis()).isEqualTo(4_000);
        assertThat(c.transport().tcpIdleMillis()).isEqualTo(3_000);
        assertThat(c.transport().tcpKeepalive()).contains(new Cluster.TcpKeepalive(5, 60, 7));
        assertThat(c.protocol()).isEqualTo(Cluster.Protocol.CLIENT);
    }

    @Test
    void http2() {
        assertThat(policy("{connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}")
                        .protocol())
                .isEqualTo(Cluster.Protocol.HTTP2);
        String streams = "trafficPolicy: {connectionPool: {http: {maxConcurrentStreams: 3}}}";
        assertThat(TestMesh.of(dr("echo", "default", "{host: echo, " + streams + "}"))
                        .cluster(GRPC)
                        .limits()
                        .streamsPerConnection())
                .isEqualTo(3);
        TestMesh http1 = reviews(streams);
        assertThat(http1.cluster(TestMesh.REVIEWS).limits().streamsPerConnection())
                .isZero();
        assertThat(http1.findings()).anyMatch(f -> f.contains("maxConcurrentStreams"));
    }

    @Test
    void outliers() {
        Cluster defaults = policy("{outlierDetection: {}}");
        assertThat(defaults.outlier())
                .contains(new Cluster.OutlierDetection(5, 0, false, 5, 10_000, 30_000, 300_000, 10));
        Cluster c = policy("{outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 2, interval: 1s, "
                + "baseEjectionTime: 400s, maxEjectionPercent: 50, minHealthPercent: 30, "
                + "splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 4}}");
        assertThat(c.outlier()).contains(new Cluster.OutlierDetection(0, 2, true, 4, 1_000, 400_000, 400_000, 50));
        assertThat(c.panicThresholdPercent()).isEqualTo(30);
    }

    @Test
    void tlsInsideTheTunnel() {
        assertThat(policy("{tls: {mode: ISTIO_MUTUAL}}").tls()).isEmpty();
        assertThat(policy("{tls: {mode: DISABLE}}").tls()).isEmpty();
        assertThat(policy(
                                "{tls: {mode: SIMPLE, sni: s.example, subjectAltNames: [a.example], caCertificates: /ca.pem}}")
                        .tls())
                .contains(new Cluster.UpstreamTls(
                        Optional.of("s.example"),
                        java.util.List.of(ValueMatch.exact("a.example")),
                        Optional.of("/ca.pem"),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        false));
        assertThat(policy("{tls: {mode: MUTUAL, clientCertificate: /c.pem, privateKey: /k.pem}, connectionPool: {http: "
                                + "{h2UpgradePolicy: UPGRADE}}}")
                        .tls())
                .hasValueSatisfying(t -> {
                    assertThat(t.certFile()).contains("/c.pem");
                    assertThat(t.keyFile()).contains("/k.pem");
                    assertThat(t.h2()).isTrue();
                });
    }

    /** istiod sends the last of these in the clear; here nothing passes that was meant to be encrypted. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {mode: SIMPLE, credentialName: gone}
            {mode: SIMPLE, caCrl: /crl.pem}
            {mode: MUTUAL}
            {mode: MUTUAL, credentialName: gone}
            {mode: MUTUAL, credentialName: "configmap://ca"}
            """)
    void tlsThatCannotBeDoneLetsConnectionsFail(String tls) {
        TestMesh m = reviews("trafficPolicy: {tls: " + tls + "}");
        assertThat(m.cluster(TestMesh.REVIEWS).tls())
                .hasValueSatisfying(t -> assertThat(t.caPem()).contains(""));
        assertThat(m.findings()).anyMatch(f -> f.contains("fail"));
    }

    @Test
    void authoritiesOfASecret() {
        TestMesh m = TestMesh.of(
                dr("reviews", "default", "{host: reviews, trafficPolicy: {tls: {mode: SIMPLE, credentialName: ca}}}")
                        + "---\n{apiVersion: v1, kind: Secret, metadata: {name: ca, namespace: default}, data: {ca.crt: UEVN}}\n");
        assertThat(m.cluster(TestMesh.REVIEWS).tls())
                .hasValueSatisfying(t -> assertThat(t.caPem()).contains("PEM"));
    }

    private static final String SECRETS = """
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: own, namespace: default}, data: {tls.crt: Q0VSVA==, tls.key: S0VZ, ca.crt: Q0E=}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: generic, namespace: default}, stringData: {cert: CERT, key: KEY}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: generic-cacert, namespace: default}, stringData: {cacert: CA}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: keyless, namespace: default}, data: {tls.crt: Q0VSVA==, ca.crt: Q0E=}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: own, namespace: other}, data: {tls.crt: Q0VSVA==, tls.key: S0VZ, ca.crt: Q0E=}}
            """;

    private static TestMesh mutual(String credential) {
        return TestMesh.of(dr(
                        "reviews",
                        "default",
                        "{host: reviews, trafficPolicy: {tls: {mode: MUTUAL, credentialName: \"" + credential + "\"}}}")
                + SECRETS);
    }

    /** Both forms of Secrets that istiod reads; authorities may stand beside (NAME-cacert). */
    @ParameterizedTest
    @CsvSource({"own", "kubernetes://own", "generic", "default/own"})
    void mutualTlsFromASecret(String credential) {
        TestMesh m = mutual(credential);
        assertThat(m.cluster(TestMesh.REVIEWS).tls()).hasValueSatisfying(t -> {
            assertThat(t.caPem()).contains("CA");
            assertThat(t.identity().orElseThrow().certPem()).isEqualTo("CERT");
            assertThat(t.identity().orElseThrow().key().pem()).isEqualTo("KEY");
            assertThat(t.toString()).doesNotContain("KEY");
        });
        assertThat(m.findings()).noneMatch(f -> f.contains("tls"));
    }

    /** Secrets of other namespaces are somebody else's; what is missing is told with object, field and mend. */
    @ParameterizedTest
    @CsvSource({
        "keyless, 'there is no Secret default/keyless with tls.crt and tls.key'",
        "other/own, 'there is no Secret default/own with tls.crt and tls.key'"
    })
    void credentialsThatCannotBeUsed(String credential, String message) {
        TestMesh m = mutual(credential);
        assertThat(m.cluster(TestMesh.REVIEWS).tls())
                .hasValueSatisfying(t -> assertThat(t.caPem()).contains(""));
        assertThat(m.findings())
                .anyMatch(f -> f.contains("DestinationRule default/reviews")
                        && f.contains("spec.trafficPolicy.tls.credentialName")
                        && f.contains(message)
                        && f.contains("create a Secret"));
    }

    @Test
    void proxyProtocol() {
        assertThat(policy("{proxyProtocol: {version: V2}}").proxyProtocol()).contains(Cluster.ProxyProtocol.V2);
        assertThat(policy("{proxyProtocol: {}}").proxyProtocol()).contains(Cluster.ProxyProtocol.V1);
    }

    @Test
    void rawConnections() {
        TestMesh m = TestMesh.of(dr(
                "echo",
                "default",
                "{host: echo, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}, connectionPool: {tcp: "
                        + "{idleTimeout: 5s, maxConnectionDuration: 6s}}}}"));
        assertThat(m.tcp(TestMesh.ECHO).idleTimeoutMillis()).isEqualTo(5_000);
        assertThat(m.tcp(TestMesh.ECHO).maxDurationMillis()).isEqualTo(6_000);
        assertThat(m.tcp(TestMesh.ECHO).hashSourceIp()).isTrue();
    }

    /** The waypoint's (here also the service's) namespace, then the root's; exact hosts hide wildcards. */
    @Test
    void whichRuleCounts() {
        String root =
                dr("mesh", "istio-system", "{host: \"*.local\", trafficPolicy: {loadBalancer: {simple: RANDOM}}}");
        assertThat(TestMesh.of(root).cluster(TestMesh.REVIEWS).balancer().policy())
                .isEqualTo(Policy.RANDOM);
        String own = dr(
                "wide",
                "default",
                "{host: \"*.default.svc.cluster.local\", trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}");
        assertThat(TestMesh.of(root + own).cluster(TestMesh.REVIEWS).balancer().policy())
                .isEqualTo(Policy.ROUND_ROBIN);
        String exact = dr("exact", "default", "{host: reviews, subsets: [{name: v1, labels: {version: v1}}]}");
        assertThat(TestMesh.of(root + own + exact)
                        .cluster(TestMesh.REVIEWS)
                        .balancer()
                        .policy())
                .isEqualTo(Policy.LEAST_REQUEST);
        String hidden = dr(
                "hidden",
                "istio-system",
                "{host: \"*.local\", exportTo: [.], trafficPolicy: {loadBalancer: {simple: RANDOM}}}");
        assertThat(TestMesh.of(hidden).cluster(TestMesh.REVIEWS).balancer().policy())
                .isEqualTo(Policy.LEAST_REQUEST);
        String sidecar = dr(
                "sidecar",
                "default",
                "{host: reviews, workloadSelector: {matchLabels: {a: b}}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}");
        assertThat(TestMesh.of(sidecar).cluster(TestMesh.REVIEWS).balancer().policy())
                .isEqualTo(Policy.LEAST_REQUEST);
        assertThat(TestMesh.of(sidecar).findings()).anyMatch(f -> f.contains("workloadSelector"));
    }

    @Test
    void severalRulesForOneHost() {
        TestMesh m = TestMesh.of(dr("a", "default", "{host: reviews, subsets: [{name: v1, labels: {version: v1}}]}")
                + dr(
                        "b",
                        "default",
                        "{host: reviews, trafficPolicy: {loadBalancer: {simple: RANDOM}}, "
                                + "subsets: [{name: v1, labels: {version: v2}}, {name: v2, labels: {version: v2}}]}")
                + dr("c", "default", "{host: reviews, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}"));
        assertThat(m.cluster(TestMesh.REVIEWS).balancer().policy()).isEqualTo(Policy.RANDOM);
        assertThat(m.addresses(V1)).containsExactly("127.1.1.1");
        assertThat(m.addresses("inbound-vip|9080|http/v2|reviews.default.svc.cluster.local"))
                .containsExactly("127.1.1.2");
        assertThat(m.findings())
                .anyMatch(f -> f.contains("default/b") && f.contains("earlier"))
                .anyMatch(f -> f.contains("default/c") && f.contains("join them"));
    }

    @Test
    void keysOfTheDefaultRouteComeFromTheServiceOnly() {
        TestMesh m = reviews("trafficPolicy: {loadBalancer: {consistentHash: {httpQueryParameterName: q}}, "
                + "portLevelSettings: [{port: {number: 9080}, loadBalancer: {consistentHash: {useSourceIp: true}}}]}");
        assertThat(m.rules().getFirst().action())
                .isInstanceOfSatisfying(
                        Forward.class,
                        f -> assertThat(f.hashPolicies()).containsExactly(new HashPolicy.QueryParameter("q")));
    }
}
