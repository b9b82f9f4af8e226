package io.milepost.waypoint.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.mesh.HttpSettings;
import io.milepost.waypoint.codec.BadMessageException;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What of a client's headers goes on: recorded in the cases http-forwarded and http-hop. */
class RequestEdgeTest {
    /** Names and values in turn, and lines of what is left. */
    private record Clean(List<String> in, List<String> out) {}

    private static final List<Clean> CLEANED = List.of(
            new Clean(List.of("connection", "x-hop, keep-alive", "x-hop", "a", "keep-alive", "timeout=5"), List.of()),
            new Clean(List.of("connection", "x-a,close", "x-a", "a", "x-b", "b"), List.of("x-b: b")),
            new Clean(List.of("te", "gzip, trailers"), List.of("te: trailers")),
            new Clean(List.of("te", "gzip"), List.of()),
            new Clean(List.of("te", "trailers", "connection", "te"), List.of("te: trailers")),
            new Clean(
                    List.of("proxy-connection", "keep-alive", "proxy-authorization", "Basic eA=="),
                    List.of("proxy-authorization: Basic eA==")),
            new Clean(List.of("upgrade", "foo/1"), List.of()),
            new Clean(List.of("http2-settings", "AAMA"), List.of("http2-settings: AAMA")),
            new Clean(
                    List.of("connection", "Upgrade, HTTP2-Settings", "upgrade", "h2c", "http2-settings", "AAMA"),
                    List.of()),
            new Clean(List.of("trailer", "x-t"), List.of("trailer: x-t")),
            new Clean(List.of("x-forwarded-client-cert", "By=spiffe://a"), List.of()),
            new Clean(List.of("x-forwarded-for", "10.1.2.3"), List.of("x-forwarded-for: 10.1.2.3")),
            new Clean(
                    List.of(
                            "x-envoy-internal",
                            "true",
                            "x-envoy-original-path",
                            "/o",
                            "x-envoy-attempt-count",
                            "7",
                            "x-envoy-expected-rq-timeout-ms",
                            "5",
                            "x-envoy-peer-metadata",
                            "abc",
                            "x-envoy-decorator-operation",
                            "op"),
                    List.of("x-envoy-original-path: /o", "x-envoy-attempt-count: 7", "x-envoy-peer-metadata: abc")),
            new Clean(
                    List.of(
                            "x-envoy-retry-on",
                            "5xx",
                            "x-envoy-max-retries",
                            "3",
                            "x-envoy-upstream-rq-timeout-ms",
                            "5000",
                            "x-envoy-upstream-rq-per-try-timeout-ms",
                            "100",
                            "x-envoy-hedge-on-per-try-timeout",
                            "true",
                            "x-envoy-upstream-alt-stat-name",
                            "a",
                            "x-envoy-ip-tags",
                            "t",
                            "x-envoy-force-trace",
                            "1",
                            "x-envoy-retry-grpc-on",
                            "cancelled",
                            "x-envoy-retriable-status-codes",
                            "500",
                            "x-envoy-upstream-rq-timeout-alt-response",
                            "1"),
                    List.of()),
            new Clean(List.of("x-envoy-fault-abort-request", "503"), List.of("x-envoy-fault-abort-request: 503")));

    private static RequestHead request(List<String> namesAndValues) {
        Headers h = new Headers();
        for (int i = 0; i < namesAndValues.size(); i += 2) {
            h.add(namesAndValues.get(i), namesAndValues.get(i + 1));
        }
        return new RequestHead(
                RequestHead.Protocol.HTTP_1_1,
                AsciiString.cached("GET"),
                AsciiString.cached("reviews"),
                AsciiString.cached("/"),
                AsciiString.cached("http"),
                h);
    }

    /** Without those that every request is given. */
    private static List<String> lines(Headers h) {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < h.size(); i++) {
            HeaderName n = h.name(i);
            if (!n.equals(HeaderName.X_REQUEST_ID) && !n.equals(HeaderName.X_FORWARDED_PROTO)) {
                out.add(n.text() + ": " + h.value(i));
            }
        }
        return out;
    }

    @Test
    void requestsAreCleaned() {
        assertThat(CLEANED).allSatisfy(c -> {
            RequestHead r = request(c.in);
            RequestEdge.prepare(r, HttpSettings.ISTIO_DEFAULT, false);
            assertThat(lines(r.headers())).isEqualTo(c.out);
            assertThat(r.headers().contains(HeaderName.X_REQUEST_ID)).isTrue();
        });
    }

    @Test
    void someHeadersMustNotBeListedInConnection() throws BadMessageException {
        RequestHead hiding = request(List.of("connection", "X-Forwarded-For, close"));
        assertThatThrownBy(() -> RequestEdge.prepare(hiding, HttpSettings.ISTIO_DEFAULT, false))
                .isInstanceOfSatisfying(
                        BadMessageException.class, e -> assertThat(e.status()).isEqualTo(400));
        RequestEdge.prepare(request(List.of("connection", "close, x-a")), HttpSettings.ISTIO_DEFAULT, false);
    }
}
