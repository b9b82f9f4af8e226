package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogFilterTest {
    /** The first three are the expressions of the cases log-providers and log-levels. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "response.code >= 400 ~ true",
                "request.url_path.startsWith('/api') && request.method != 'DELETE' ~ true",
                "response.code >= 500 ~ false",
                "request.path == \"/api/x?y=1\" ~ true",
                "request.host == 'reviews-v1:9080' ~ true",
                "!(request.method == 'GET') ~ false",
                "request.headers['x-team'] == 'yellow' ~ true",
                "request.headers[\"x-none\"] == 'yellow' ~ false",
                "request.headers['x-none'] != 'yellow' ~ false",
                "has(request.headers['x-none']) || response.code == 404 ~ true",
                "has(request.headers['x-team']) ~ true",
                "request.headers['x-none'] == 'a' || response.code == 404 ~ true",
                "!has(request.headers['x-none']) && true ~ true",
                "response.code in [200, 404] ~ true",
                "request.method in ['PUT', 'POST'] ~ false",
                "request.url_path.matches('^/a.i/') ~ true",
                "request.query.contains('y=') ~ true",
                "size(request.method) == 3 ~ true",
                "connection.mtls ~ false",
                "response.code < 'x' ~ false",
                "response.code ~ false",
                "destination.port == 9080 ~ true",
                "request.method.endsWith(`T`) ~ false",
            })
    void decides(String expression, boolean logged) {
        FakeContext c = FakeContext.http("GET", "reviews-v1:9080", "/api/x?y=1").header("x-team", "yellow");
        c.code = 404;
        assertThat(LogFilter.compile(expression).test(c)).as(expression).isEqualTo(logged);
    }

    @Test
    void whatTcpHasNotIsNeverEqual() {
        assertThat(LogFilter.compile("request.method == 'GET'").test(FakeContext.ofTcp()))
                .isFalse();
        assertThat(LogFilter.compile("request.method != 'GET'").test(FakeContext.ofTcp()))
                .isFalse();
        assertThat(LogFilter.compile("response.code >= 0").test(FakeContext.ofTcp()))
                .isFalse();
    }

    @Test
    void emptyLogsEverything() {
        assertThat(LogFilter.compile(" ")).isSameAs(LogFilter.ALWAYS);
        assertThat(LogFilter.ALWAYS.test(FakeContext.ofTcp())).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "response.kode >= 400 ~ unknown attribute response.kode",
                "response.code >= ~ a name is missing",
                "request.path.matches('(') ~ regular expression",
                "request.path.rot13('a') ~ unknown function .rot13()",
                "request.path == 'a ~ a quoted text is not closed",
                "true false ~ unexpected \"false\"",
            })
    void whatIsNotUnderstoodLogsNothingAndSaysWhy(String expression, String problem) {
        LogFilter f = LogFilter.compile(expression);
        assertThat(f.problem().orElseThrow()).contains(problem);
        assertThat(f.test(FakeContext.http("GET", "a", "/"))).isFalse();
    }

    @Test
    void deepNestingIsRefused() {
        assertThat(LogFilter.compile("(".repeat(10_000) + "true").problem()).isPresent();
        assertThat(LogFilter.compile("!".repeat(10_000) + "true").problem()).isPresent();
    }
}
