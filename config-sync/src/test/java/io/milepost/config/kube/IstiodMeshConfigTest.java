package io.milepost.config.kube;

import static io.milepost.config.kube.TestObjects.meshConfig;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.OwnHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules for the mesh config, that no recorded case shows; each test names the function of istiod that has it. */
class IstiodMeshConfigTest {
    private static TestMesh headers(String proxyHeaders) {
        return TestMesh.of(meshConfig("defaultConfig: {proxyHeaders: {" + proxyHeaders + "}}"));
    }

    /** GetProxyHeadersFromProxyConfig. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                  | istio-envoy | true  | true  | true  | false",
                "server: {value: mine}               | mine        | true  | true  | true  | false",
                "'server: {disabled: true, value: x}' | x          | false | true  | true  | false",
                "requestId: {disabled: true}         | istio-envoy | true  | false | true  | false",
                "requestId: {disabled: false}        | istio-envoy | true  | true  | true  | false",
                "envoyDebugHeaders: {disabled: true} | istio-envoy | true  | true  | false | false",
                "xForwardedHost: {enabled: true}     | istio-envoy | true  | true  | true  | true",
            })
    void headersOfOurOwn(
            String written, String name, boolean server, boolean requestId, boolean debug, boolean forwardedHost) {
        TestMesh m = headers(written);
        assertThat(m.errors()).isEmpty();
        assertThat(m.findings()).isEmpty();
        assertThat(m.reviews().http().serverName()).isEqualTo(name);
        assertThat(m.reviews().http().headers()).isEqualTo(new OwnHeaders(server, requestId, debug, forwardedHost));
    }

    /** What concerns sidecars and gateways (waypoint-behaviour.md 8), or letter case, which nothing may depend on. */
    @Test
    void headersThatAWaypointDoesNotWrite() {
        TestMesh m = headers("attemptCount: {disabled: true}, forwardedClientCert: SANITIZE, xForwardedPort: "
                + "{enabled: true}, setCurrentClientCertDetails: {subject: true}, metadataExchangeHeaders: "
                + "{mode: IN_MESH}, preserveHttp1HeaderCase: true");
        assertThat(m.reviews().http().headers()).isEqualTo(OwnHeaders.DEFAULT);
        for (String field : new String[] {
            "attemptCount",
            "forwardedClientCert",
            "setCurrentClientCertDetails",
            "metadataExchangeHeaders",
            "xForwardedPort",
            "preserveHttp1HeaderCase"
        }) {
            assertThat(m.findings())
                    .filteredOn(f -> f.contains("proxyHeaders." + field))
                    .hasSize(1);
        }
        assertThat(m.findings()).hasSize(6);
    }
}
