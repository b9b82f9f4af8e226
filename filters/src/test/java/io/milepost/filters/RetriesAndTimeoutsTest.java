package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Recorded in the cases vs-timeout-retry and vs-retry-default. */
class RetriesAndTimeoutsTest {
    private static RetryDecider on(String... names) {
        return RetryDecider.compile(new RetryPolicy(2, Set.of(names), List.of(418), 0, 25, 250, true, false));
    }

    private static ResponseHead status(int s) {
        return new ResponseHead(s, new Headers());
    }

    private static ResponseHead grpc(int s) {
        return new ResponseHead(200, new Headers().add("grpc-status", Integer.toString(s)));
    }

    @Test
    void statusCodes() {
        assertThat(on("5xx").retryResponse(status(500))).isTrue();
        assertThat(on("gateway-error").retryResponse(status(500))).isFalse();
        assertThat(on("gateway-error").retryResponse(status(502))).isTrue();
        assertThat(on("retriable-4xx").retryResponse(status(409))).isTrue();
        assertThat(on("retriable-4xx").retryResponse(status(429))).isFalse();
        assertThat(on("retriable-status-codes").retryResponse(status(418))).isTrue();
        assertThat(on("retriable-status-codes").retryResponse(status(503))).isFalse();
        assertThat(RetryDecider.compile(RetryPolicy.NONE).retryResponse(status(503)))
                .isFalse();
    }

    @Test
    void grpcStatusCountsInTheHead() {
        RetryDecider standard = RetryDecider.compile(RetryPolicy.ISTIO_DEFAULT);
        assertThat(standard.retryResponse(grpc(14))).isTrue();
        assertThat(standard.retryResponse(grpc(13))).isFalse();
        assertThat(on("internal").retryResponse(grpc(13))).isTrue();
    }

    @Test
    void resets() {
        RetryDecider standard = RetryDecider.compile(RetryPolicy.ISTIO_DEFAULT);
        assertThat(standard.retryReset(Reset.CONNECT_FAILURE, false)).isTrue();
        assertThat(standard.retryReset(Reset.REFUSED_STREAM, true)).isTrue();
        assertThat(standard.retryReset(Reset.CONNECTION_TERMINATION, true)).isFalse();
        assertThat(standard.retryReset(Reset.PER_TRY_TIMEOUT, true)).isFalse();
        assertThat(on("reset").retryReset(Reset.CONNECTION_TERMINATION, true)).isTrue();
        assertThat(on("gateway-error").retryReset(Reset.PER_TRY_TIMEOUT, true)).isTrue();
        assertThat(on(RetryPolicy.PER_TRY_TIMEOUT).retryReset(Reset.PER_TRY_TIMEOUT, true))
                .as("backendRequest of the Gateway API in the mode strict")
                .isTrue();
        assertThat(on(RetryPolicy.PER_TRY_TIMEOUT).retryReset(Reset.REMOTE_RESET, true))
                .isFalse();
        assertThat(on("5xx").retryReset(Reset.OVERFLOW, false)).isFalse();
        assertThat(on("reset-before-request").retryReset(Reset.REMOTE_RESET, true))
                .isFalse();
        assertThat(on("reset-before-request").retryReset(Reset.REMOTE_RESET, false))
                .isTrue();
    }

    @Test
    void backoffGrowsToTheMaximum() {
        for (long random = 0; random < 2_000; random++) {
            assertThat(on().backoffMillis(1, random)).isBetween(0L, 24L);
            assertThat(on().backoffMillis(2, random)).isBetween(0L, 74L);
            assertThat(on().backoffMillis(60, -random)).isBetween(0L, 249L);
        }
    }

    @Test
    void wordsOfAFailedRequest() {
        LocalReply first = LocalReply.upstreamReset(Reset.CONNECTION_TERMINATION, false);
        assertThat((Object) first.body())
                .hasToString("upstream connect error or disconnect/reset before headers. "
                        + "reset reason: connection termination");
        assertThat(first.flags()).isEqualTo("UC");
        LocalReply last = LocalReply.upstreamReset(Reset.CONNECT_FAILURE, true);
        assertThat((Object) last.body())
                .hasToString("upstream connect error or disconnect/reset before headers. "
                        + "retried and the latest reset reason: remote connection failure");
        assertThat(last.status()).isEqualTo(503);
        LocalReply told =
                LocalReply.upstreamReset(Reset.CONNECT_FAILURE, true, "delayed connect error: Connection refused");
        assertThat(told.flags() + " " + told.details())
                .isEqualTo("URX,UF upstream_reset_before_response_started{remote_connection_failure|"
                        + "delayed_connect_error:_Connection_refused}");
        assertThat(LocalReply.upstreamReset(Reset.PER_TRY_TIMEOUT, true).flags())
                .isEqualTo("URX,UT");
        assertThat(LocalReply.upstreamReset(Reset.PER_TRY_TIMEOUT, false).status())
                .isEqualTo(504);
    }

    private static Timeouts timeouts(long request, long maxGrpc, long perTry) {
        return new Timeouts(new RouteAction.Timeouts(request, maxGrpc), perTry);
    }

    @Test
    void grpcTimeoutIsCapped() {
        RequestHead half = Heads.get("/", "grpc-timeout", "500m");
        RequestHead five = Heads.get("/", "grpc-timeout", "5S");
        assertThat(timeouts(0, 0, 0).requestMillis(half, true)).isEqualTo(500);
        assertThat(timeouts(0, 0, 0).requestMillis(half, false)).isZero();
        assertThat(timeouts(1000, 1000, 0).requestMillis(five, true)).isEqualTo(1000);
        assertThat(timeouts(1000, 1000, 0).requestMillis(Heads.get("/"), true)).isEqualTo(1000);
        assertThat(timeouts(0, -1, 0).requestMillis(half, true)).isZero();
    }

    @Test
    void theBackendLearnsItsTime() {
        assertThat(told(timeouts(1000, 1000, 0), false, 0)).containsExactly("x-envoy-expected-rq-timeout-ms: 1000");
        assertThat(told(timeouts(1000, 1000, 0), true, 300))
                .containsExactly("x-envoy-expected-rq-timeout-ms: 700", "grpc-timeout: 700m");
        assertThat(told(timeouts(1000, 1000, 400), false, 0)).containsExactly("x-envoy-expected-rq-timeout-ms: 400");
        assertThat(told(timeouts(1000, 1000, 2000), false, 0)).containsExactly("x-envoy-expected-rq-timeout-ms: 1000");
        assertThat(told(timeouts(1000, 1000, 0), false, 1500)).containsExactly("x-envoy-expected-rq-timeout-ms: 1");
        assertThat(told(timeouts(0, 0, 0), false, 0)).isEmpty();
    }

    private static List<String> told(Timeouts t, boolean grpc, long elapsed) {
        RequestHead h = Heads.get("/");
        t.writeHeaders(h, grpc, t.requestMillis(h, grpc), elapsed, true);
        return Heads.lines(h.headers());
    }

    @Test
    void grpcTimeoutSyntax() {
        assertThat(Timeouts.parseGrpcTimeout(AsciiString.of("1500u"))).isEqualTo(2);
        assertThat(Timeouts.parseGrpcTimeout(AsciiString.of("2M"))).isEqualTo(120_000);
        assertThat(Timeouts.parseGrpcTimeout(AsciiString.of("5"))).isEqualTo(-1);
        assertThat(Timeouts.parseGrpcTimeout(AsciiString.of("-5S"))).isEqualTo(-1);
        assertThat(Timeouts.formatGrpcTimeout(5_000)).isEqualTo("5000m");
        assertThat(Timeouts.formatGrpcTimeout(200_000_000)).isEqualTo("200000S");
    }
}
