package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.meshConfig;
import static io.milepost.config.kube.TestObjects.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for DestinationRules: which of several counts, and what a policy without words means, that no recorded case shows; each test names the function of istiod that has it. */
class IstiodDestinationRuleTest {
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
        TestMesh m = TestMesh.of(meshConfig("h2UpgradePolicy: " + mesh)
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
}
