package io.milepost.testbed.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The headers that a waypoint writes of its own accord, and {@code proxyHeaders} of the mesh config, which switches them
 * off. Expected is what Envoy does with the settings that istiod makes of them (waypoint-behaviour.md 8;
 * {@code server_header_transformation}, {@code generate_request_id}, {@code suppress_envoy_headers},
 * {@code append_x_forwarded_host}).
 */
class ProxyHeadersTest extends OwnObjects {
    private static final HttpHeader BACKEND = new HttpHeader("x-echo-set", "server=backend");

    private void settings(String proxyHeaders) throws IOException {
        apply(route("{filters: [{type: URLRewrite, urlRewrite: {hostname: new.example, "
                        + "path: {type: ReplaceFullPath, replaceFullPath: /new}}}], "
                        + "timeouts: {request: 5s}, backendRefs: [{name: echo-v1, port: 80}]}")
                + """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: istio, namespace: istio-system}
                data: {mesh: "defaultConfig: {proxyHeaders: {%s}}"}
                """.formatted(proxyHeaders));
    }

    private HttpAnswer get(HttpHeader... headers) throws IOException {
        List<HttpHeader> all = new ArrayList<>(List.of(headers));
        all.add(new HttpHeader("Host", "old.example"));
        return send("GET", "/old", new byte[0], all.toArray(HttpHeader[]::new));
    }

    /** What the pod saw of a header. */
    private static @Nullable String seen(HttpAnswer a, String name) throws IOException {
        assertThat(a.status()).as(a.text()).isEqualTo("200");
        Map<String, String> all = new TreeMap<>();
        for (JsonNode h : ConformanceReport.JSON.readTree(a.body()).path("headers")) {
            all.merge(
                    h.path(0).asText().toLowerCase(java.util.Locale.ROOT),
                    h.path(1).asText(),
                    (x, y) -> x + "|" + y);
        }
        return all.get(name);
    }

    @Test
    void byDefault() throws IOException {
        settings("");
        HttpAnswer a = get(BACKEND);
        assertThat(a.header("server")).isEqualTo("istio-envoy");
        assertThat(a.header("x-envoy-upstream-service-time")).matches("[0-9]+");
        assertThat(seen(a, "x-request-id")).hasSize(36);
        assertThat(seen(a, "x-envoy-original-path")).isEqualTo("/old");
        assertThat(seen(a, "x-envoy-original-host")).isEqualTo("old.example");
        assertThat(seen(a, "x-envoy-expected-rq-timeout-ms")).isEqualTo("5000");
        assertThat(seen(a, "x-forwarded-host")).isNull();
    }

    @Test
    void switchedOff() throws IOException {
        settings("server: {disabled: true}, requestId: {disabled: true}, envoyDebugHeaders: {disabled: true}");
        HttpAnswer a = get(BACKEND);
        assertThat(a.header("server")).isEqualTo("backend");
        assertThat(get().header("server")).isNull();
        assertThat(a.header("x-envoy-upstream-service-time")).isNull();
        assertThat(seen(a, "x-request-id")).isNull();
        assertThat(seen(get(new HttpHeader("x-request-id", "own")), "x-request-id"))
                .isEqualTo("own");
        assertThat(seen(a, "x-envoy-original-path")).isNull();
        assertThat(seen(a, "x-envoy-original-host")).isNull();
        assertThat(seen(a, "x-envoy-expected-rq-timeout-ms")).isNull();
        assertThat(seen(a, "host")).as("still rewritten").isEqualTo("new.example");
    }

    @Test
    void ourNameAndTheOldHost() throws IOException {
        settings("server: {value: mine}, xForwardedHost: {enabled: true}");
        HttpAnswer a = get();
        assertThat(a.header("server")).isEqualTo("mine");
        assertThat(seen(a, "x-forwarded-host")).isEqualTo("old.example");
        assertThat(seen(get(new HttpHeader("x-forwarded-host", "a.example")), "x-forwarded-host"))
                .isEqualTo("a.example,old.example");
        assertThat(seen(get(new HttpHeader("x-forwarded-host", "old.example")), "x-forwarded-host"))
                .isEqualTo("old.example");
    }
}
