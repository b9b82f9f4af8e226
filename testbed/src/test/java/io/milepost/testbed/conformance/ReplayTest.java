package io.milepost.testbed.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bodies of retried and mirrored requests, over real sockets. Sizes: asked of Envoy 1.40.0 (HTTP/1.1). */
class ReplayTest extends OwnObjects {
    private static final int MIB = 1 << 20;

    @BeforeAll
    void apply() throws IOException {
        apply(route("""
                {matches: [{path: {type: PathPrefix, value: /retry}}],
                 backendRefs: [{name: echo-v1, port: 80}],
                 retry: {attempts: 1, codes: [503], backoff: 10ms}},
                {matches: [{path: {type: PathPrefix, value: /mirror}}],
                 filters: [{type: RequestMirror, requestMirror: {backendRef: {name: echo-v3, port: 80}}}],
                 backendRefs: [{name: echo-v1, port: 80}]}"""));
    }

    private HttpAnswer post(String path, int size, HttpHeader... headers) throws IOException {
        List<HttpHeader> all = new ArrayList<>(List.of(headers));
        all.add(new HttpHeader("Host", "echo"));
        all.add(new HttpHeader("x-echo-body", "seen"));
        all.add(new HttpHeader("Content-Length", Integer.toString(size)));
        return send("POST", path, new byte[size], all.toArray(HttpHeader[]::new));
    }

    private long seen(String pod) {
        return mesh.records().seen().stream()
                .map(EchoRecords.Seen::pod)
                .filter(pod::equals)
                .count();
    }

    @ParameterizedTest(name = "{0} bytes")
    @CsvSource({"65537, 200, 2", MIB + ", 200, 2", (MIB + 1) + ", 503, 1", (4 * MIB) + ", 503, 1"})
    void retried(int size, String status, int attempts) throws IOException {
        mesh.records().clear();
        HttpAnswer a =
                post("/retry", size, new HttpHeader("x-echo-fail-first", "1"), new HttpHeader("x-echo-id", size + ""));
        assertThat(a.status()).as(a.text()).isEqualTo(status);
        assertThat(seen("echo-v1-0")).isEqualTo(attempts);
    }

    @Test
    @DisplayName("a copy has no limit of its own, as long as its endpoint keeps up")
    void mirrored() throws IOException {
        mesh.records().clear();
        assertThat(post("/mirror", 4 * MIB).status()).isEqualTo("200");
        await().untilAsserted(() -> assertThat(seen("echo-v3-0")).isEqualTo(1));
    }
}
