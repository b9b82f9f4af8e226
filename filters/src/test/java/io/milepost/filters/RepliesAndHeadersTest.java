package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.http.RequestHead;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.ValueMatch;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Recorded in the cases http-grpc-status, vs-cors, gw-cors and vs-fault. */
class RepliesAndHeadersTest {
    @Test
    void grpcStatusOfHttpStatus() {
        int[][] rows = {
            {200, 2}, {400, 13}, {401, 16}, {403, 7}, {404, 12}, {405, 2}, {408, 2}, {409, 2}, {412, 2}, {413, 2},
            {429, 14}, {431, 2}, {500, 2}, {501, 2}, {502, 14}, {503, 14}, {504, 14}
        };
        for (int[] r : rows) {
            LocalReply reply = LocalReply.of(r[0], "status " + r[0] + ": 50% done\n", "direct_response", "");
            assertThat(Heads.lines(reply.head(true).headers()))
                    .containsExactly(
                            "content-type: application/grpc",
                            "grpc-status: " + r[1],
                            "grpc-message: status " + r[0] + ": 50%25 done%0A");
        }
    }

    @Test
    void httpReplies() {
        assertThat(Heads.lines(LocalReply.rbacDenied("d").head(false).headers()))
                .containsExactly("content-length: 19", "content-type: text/plain");
        assertThat(Heads.lines(LocalReply.NO_ROUTE.head(false).headers())).containsExactly("content-length: 0");
        assertThat(LocalReply.TIMEOUT.grpcStatus()).isEqualTo(14);
        RequestHead head = Heads.request("HEAD", "r", "/");
        assertThat(LocalReply.TIMEOUT.hasBody(false, head)).isFalse();
        assertThat(LocalReply.TIMEOUT.hasBody(false, Heads.get("/"))).isTrue();
    }

    @Test
    void contentTypesOfGrpc() {
        assertThat(LocalReply.isGrpc(Heads.get("/", "content-type", "application/grpc")))
                .isTrue();
        assertThat(LocalReply.isGrpc(Heads.get("/", "content-type", "application/grpc+proto")))
                .isTrue();
        for (String other : List.of("application/grpc-web", "application/grpcx", "Application/grpc", "")) {
            assertThat(LocalReply.isGrpc(Heads.get("/", "content-type", other))).isFalse();
        }
    }

    private static CorsPolicy cors(boolean forward) {
        return CorsPolicy.compile(new RouteRule.Cors(
                List.of(ValueMatch.exact("https://a.example"), new ValueMatch.Regex("https://[a-z]+\\.re\\.example")),
                List.of("GET", "POST"),
                List.of("*"),
                List.of("x-exp"),
                "86400",
                Optional.of(true),
                forward));
    }

    private static RequestHead preflight(String origin) {
        return Heads.request(
                "OPTIONS",
                "r",
                "/",
                "origin",
                origin,
                "access-control-request-method",
                "DELETE",
                "access-control-request-headers",
                "x-q, x-r");
    }

    private static List<String> answer(CorsPolicy p, RequestHead head) {
        LocalReply r = p.preflight(head);
        return r == null ? List.of("forwarded") : Heads.lines(r.head(false).headers());
    }

    /** Asked of Envoy 1.40.0 (wheel) with the resources that istiod made of the recorded case vs-cors. */
    @Test
    void aStarIsAnsweredAlsoWhenNothingWasAskedFor() {
        RequestHead head = Heads.request(
                "OPTIONS", "r", "/", "origin", "https://a.example", "access-control-request-method", "GET");

        assertThat(answer(cors(true), head)).contains("access-control-allow-headers: ");
    }

    @Test
    void preflights() {
        assertThat(answer(cors(true), preflight("https://abc.re.example")))
                .containsExactlyInAnyOrder(
                        "content-length: 0",
                        "access-control-allow-origin: https://abc.re.example",
                        "access-control-allow-credentials: true",
                        "access-control-allow-methods: GET,POST",
                        "access-control-allow-headers: x-q, x-r",
                        "access-control-expose-headers: x-exp",
                        "access-control-max-age: 86400");
        assertThat(answer(cors(true), preflight("https://b.example"))).containsExactly("forwarded");
        assertThat(answer(cors(false), preflight("https://b.example")))
                .containsExactlyInAnyOrder(
                        "content-length: 0",
                        "access-control-allow-credentials: true",
                        "access-control-allow-methods: GET,POST",
                        "access-control-allow-headers: x-q, x-r",
                        "access-control-max-age: 86400");
        assertThat(answer(cors(false), Heads.request("OPTIONS", "r", "/", "origin", "https://a.example")))
                .containsExactly("forwarded");
    }

    @Test
    void faults() {
        FaultPolicy http = new FaultPolicy(new RouteRule.Fault(
                Optional.of(new RouteRule.Fault.Delay(1000, 1_000_000)),
                Optional.of(new RouteRule.Fault.Abort(418, -1, 500_000))));
        assertThat(http.delayMillis(7)).isEqualTo(1000);
        assertThat(http.abort(499_999)).isNotNull();
        assertThat(http.abort(500_000)).isNull();
        FaultPolicy grpc = new FaultPolicy(
                new RouteRule.Fault(Optional.empty(), Optional.of(new RouteRule.Fault.Abort(0, 7, 1_000_000))));
        LocalReply reply = Objects.requireNonNull(grpc.abort(1));
        assertThat(reply.head(false).status()).isEqualTo(200);
        assertThat(Heads.lines(reply.head(true).headers()))
                .contains("grpc-status: 7", "grpc-message: fault filter abort");
    }
}
