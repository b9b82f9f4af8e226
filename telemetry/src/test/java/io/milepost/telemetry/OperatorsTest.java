package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.http.RequestHead.Protocol;
import io.milepost.mesh.TelemetrySettings.Format;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each command operator by itself; whole lines are in {@link AccessLogFormatTest}. */
class OperatorsTest {
    private static FakeContext get(String path) {
        return FakeContext.http("GET", "reviews-v1:9080", path);
    }

    private static String text(String format, FakeContext c) {
        return c.line(AccessLogFormat.compile(new Format.Text(format)));
    }

    /** Case log-times, with the instant known. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "%START_TIME% ~ 2026-08-01T12:00:00.123Z",
                "%START_TIME(%Y/%m/%dT%H:%M:%S%z)% ~ 2026/08/01T12:00:00+0000",
                "%START_TIME(%s)% ~ 1785585600",
                "%START_TIME(%s.%3f)% ~ 1785585600.123",
                "%START_TIME(%s.%6f %9f)% ~ 1785585600.123456 123456789",
                "%START_TIME(%H:%M:%E3S)% ~ 12:00:00.123",
                "%START_TIME(%FT%TZ)% ~ 2026-08-01T12:00:00Z",
                "%START_TIME(%a %b %e %j)% ~ Sat Aug  1 213",
                "%DURATION% ~ 6",
                "%RESPONSE_DURATION% ~ 4",
                "%RESPONSE_TX_DURATION% ~ 1",
                "%REQUEST_DURATION% ~ -",
                "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)% ~ 4200",
                "%CLUSTER_METADATA(istio:services)% ~ [{\"name\":\"reviews-v1\"}]",
                "%CEL(request.method)% ~ GET",
                "%CEL(request.headers[\"x-none\"])% ~ -",
                "%FILTER_STATE(never)% ~ -",
                "%TRACE_ID% ~ -",
            })
    void timesAndSources(String format, String expected) {
        FakeContext c = get("/");
        c.moments.put(LogContext.Moment.UPSTREAM_FIRST_RECEIVED, 4_200_000L);
        c.moments.put(LogContext.Moment.RESPONSE_SENT, 5_900_000L);
        c.metadata = "[{\"name\":\"reviews-v1\"}]";
        assertThat(text(format, c)).isEqualTo(expected + "\n");
    }

    @Test
    void rawBytesInTextAndNoForgedLines() {
        FakeContext c = get("/");
        c.details = "a b\nc";
        assertThat(text("%RESPONSE_CODE_DETAILS% %RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%", c))
                .isEqualTo("a_b\\x0ac a b\\x0ac\n");
    }

    /** Asked of Envoy 1.40.0 (wheel) with the resources that istiod made of the recorded case log-default. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "%PATH% ~ /new?a=12&b=%20",
                "%PATH(NQ)%:%PATH(NQ):3% ~ /new:/ne",
                "%PATH(WQ:ORIG)% %PATH(NQ:ORIG)% ~ - -",
                "%PATH(NQ:PATH)% ~ /new",
                "%QUERY_PARAM(a)% %QUERY_PARAM(a):1% %QUERY_PARAM(zz)% ~ 12 1 -",
                "%QUERY_PARAMS% ~ a=12&b=%20",
                "%QUERY_PARAMS(ORIG)% ~ a=12&b=%20",
                "[%QUERY_PARAMS(DECODED)%] ~ [a=12&b= ]",
                "%START_TIME_LOCAL% ~ 2026-08-01T12:00:00.123+0000",
                "%DOWNSTREAM_DIRECT_LOCAL_ADDRESS% ~ envoy://main_internal/",
                "[%CUSTOM_FLAGS%%LOCAL_REPLY_BODY%] ~ []",
                "%DOWNSTREAM_DETECTED_CLOSE_TYPE% %TLS_JA4_FINGERPRINT% ~ Normal -",
                "%FILTER_STATE(io.istio.connect_authority)% ~ \"10.96.0.31:9080\"",
                "%FILTER_STATE(io.istio.connect_authority:PLAIN)% ~ 10.96.0.31:9080",
                "%CEL(response.grpc_status)% ~ 2",
                "%CEL(response.flags)% ~ 32772",
                "%CEL(request.headers['x-multi'])% ~ 1,2",
                "%CEL(request.time)% ~ 2026-08-01T12:00:00.123456789+00:00",
                "%CEL(request.time < timestamp('2099-01-01T00:00:00Z'))% ~ true",
                "%CEL(request.duration)% ~ 6ms",
                "%CEL(request.duration > duration('1ns'))% ~ true",
                "%CEL(request.duration < duration('5ms'))% ~ false",
                "%CEL(response.total_size)% ~ 346",
                "%CEL(response.backend_latency)% ~ 1.913669ms",
                "%CEL(connection.tls_version)% ~ -",
                "%CEL(connection.uri_san_peer_certificate)% ~ -",
                "%CEL(upstream.cluster_name)% %CEL(has(upstream.cluster_name))% ~ - false",
                "%CEL(filter_state['io.istio.connect_authority'])% ~ 10.96.0.31:9080",
                "%CEL(filter_state['a'])% ~ -",
                "%CEL(xds.route_metadata.filter_metadata['istio']['config'])% ~ config of ROUTE",
                "%METADATA(ROUTE:istio:config)% ~ config of ROUTE",
                "%UPSTREAM_CONNECTION_ID% %UPSTREAM_CONNECTION_IDS_ATTEMPTED% ~ 6 6",
                "%COALESCE({\"operators\":[\"PROTOCOL\"]}):3% ~ HTT",
                "%COALESCE({\"operators\":[\"UPSTREAM_CONNECTION_ID\",\"PROTOCOL\"]})% ~ 6",
                "%COALESCE({\"operators\":[{\"command\":\"REQ\",\"param\":\"x-none\"},{\"command\":\"REQ\",\"param\":\"X-Multi\",\"max_length\":1},\"PROTOCOL\"]})% ~ 1",
                "%COALESCE({\"operators\":[{\"command\":\"REQ\",\"param\":\"x-none\"}]})% ~ -",
            })
    void whatEnvoyPrints(String format, String expected) {
        FakeContext c = get("/new?a=12&b=%20");
        c.flags = ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED | ResponseFlags.UPSTREAM_REQUEST_TIMEOUT;
        c.header("x-multi", "1");
        c.header("x-multi", "2");
        c.moments.put(LogContext.Moment.UPSTREAM_FIRST_SENT, 1_000_000L);
        c.moments.put(LogContext.Moment.UPSTREAM_LAST_RECEIVED, 2_913_669L);
        c.upstreamConnection = 6;
        c.metadata = "config of ROUTE";
        assertThat(text(format, c)).isEqualTo(expected + "\n");
    }

    @Test
    void aRewrittenPathIsTheOriginalFirst() {
        FakeContext c = get("/new?q");
        c.header("x-envoy-original-path", "/old?y");
        assertThat(text("%PATH% %PATH(NQ:ORIG)% %PATH(WQ:PATH)%", c)).isEqualTo("/old?y /old /new?q\n");
    }

    @Test
    void uniqueIdsAreNotTheClients() {
        assertThat(text("%UNIQUE_ID%", get("/"))).hasSize(37).doesNotContain("8b3ad6cf-28a8-456b-a6c3-fedfd30c4989");
    }

    @Test
    void anEmptyHostIsPrintedAndAMissingOneIsNot() {
        FakeContext c = get("/");
        c.request(Protocol.HTTP_1_1, "GET", "", "/");
        assertThat(text("[%REQ(:AUTHORITY)%]", c)).isEqualTo("[]\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "%NOT_AN_OPERATOR% ~ %NOT_AN_OPERATOR%",
                "%REQ% ~ %REQ%",
                "%PROTOCOL(x)% ~ %PROTOCOL%",
                "100% ~ %%",
                "%lower% ~ %NAME%",
                "%REQ(a?b?c)% ~ (a?b?c)",
                "%START_TIME(%Q)% ~ %Q",
                "%GRPC_STATUS(LOUD)% ~ LOUD",
                "%COMMON_DURATION(a:b:ms)% ~ \"a\"",
                "%REQ(a):x% ~ %REQ(a):x%",
                "%CEL(what.ever)% ~ what.ever",
                "%CEL(request.duration > duration('soon'))% ~ soon",
                "%COALESCE({\"operators\":[})% ~ COALESCE",
                "%COALESCE({\"operators\":[\"NONE\"]})% ~ %NONE%",
            })
    void unknownOperatorsAreNamed(String format, String named) {
        assertThatThrownBy(() -> AccessLogFormat.compile(new Format.Text(format)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(named);
        assertThatThrownBy(() -> AccessLogFormat.compile(new Format.Json(Map.of("out", Map.of("in", format)))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("out.in")
                .hasMessageContaining(named);
    }
}
