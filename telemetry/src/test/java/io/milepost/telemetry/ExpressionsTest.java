package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.http.Headers;
import io.milepost.mesh.TelemetrySettings.Format;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Asked of Envoy 1.40.0 (wheel) with the resources that istiod made of the recorded case vs-direct. */
class ExpressionsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "xds.virtual_host_name ~ inbound|http|9080",
                "[%CEL(xds.listener_metadata)%%CEL(xds.virtual_host_metadata)%%CEL(metadata)%] ~ []",
                "metadata.filter_metadata ~ CelMap value",
                "filter_state ~ CelMap value",
                "size(filter_state) ~ 0",
                "request.headers ~ CelMap value",
                "size(request.headers) ~ 6",
                "request.headers.size() ~ 6",
                "response.headers.size() ~ 3",
                "response.trailers ~ CelMap value",
                "'abc'.size() ~ 3",
                "request.method.size() ~ 3",
                "request.time.getFullYear() ~ 2026",
                "request.time.getMonth() ~ 10",
                "request.time.getDayOfMonth() ~ 20",
                "request.time.getDate() ~ 21",
                "request.time.getDayOfWeek() ~ 6",
                "request.time.getDayOfYear() ~ 324",
                "request.time.getHours() ~ 23",
                "request.time.getMinutes() ~ 23",
                "request.time.getSeconds() ~ 11",
                "request.time.getMilliseconds() ~ 198",
                "request.time.getFullYear('America/New_York') ~ 2026",
                "request.time.getHours('+02:00') ~ 1",
                "duration('3661.5s').getHours() ~ 1",
                "duration('3661.5s').getMinutes() ~ 61",
                "duration('3661.5s').getSeconds() ~ 3661",
                "duration('3661.5s').getMilliseconds() ~ 500",
                "'x-request-id' in request.headers ~ true",
                "'no' in request.headers ~ false",
                "has(request.headers.foo) ~ false",
                "response.total_size ~ 60",
                "request.path.contains('a') ~ false",
                "connection.id > 0 ~ false",
                // Envoy prints its bootstrap's node, which there is none of here
                "xds.node.id ~ -",
                "xds.node.locality.region ~ -",
                "xds.listener_metadata.filter_metadata['a']['b'] ~ -",
            })
    void whatEnvoyPrints(String expression, String expected) {
        FakeContext c = FakeContext.http("GET", "ratings:9080", "/").nowhere();
        c.start = 1_795_303_391_198_000_000L;
        c.header("x-forwarded-proto", "http");
        c.code = 404;
        c.chain = "inbound-vip|9080|http|ratings.default.svc.cluster.local";
        c.sent = 0;
        c.responseHeaders =
                new Headers().add("date", "Sat, 21 Nov 2026 23:23:11 GMT").add("server", "istio-envoy");
        String format = expression.startsWith("[") ? expression : "%CEL(" + expression + ")%";
        assertThat(c.line(AccessLogFormat.compile(new Format.Text(format)))).isEqualTo(expected + "\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "request.time.getHours('Mars/Olympus') ~ \"Mars/Olympus\" is no time zone",
                "request.time.getCentury() ~ unknown function .getCentury()",
                "nothing ~ unknown attribute nothing",
            })
    void whatIsNotUnderstoodIsNamed(String expression, String problem) {
        assertThatThrownBy(() -> LogExpression.compile(expression)).hasMessageContaining(problem);
    }
}
