package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead.Protocol;
import io.milepost.mesh.DefaultLogFormats;
import io.milepost.mesh.TelemetrySettings.Format;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Lines and objects as they were recorded; single operators are in {@link OperatorsTest}. */
class AccessLogFormatTest {
    private static final String V1 = "inbound-vip|9080|http|reviews-v1.default.svc.cluster.local";
    private static final String V1_TAIL = " \"-\" \"-\" \"8b3ad6cf-28a8-456b-a6c3-fedfd30c4989\" \"reviews-v1:9080\" ";
    private static final String V1_ADDRESSES = " 10.96.0.31:9080 127.2.0.1:40000 - ";
    private static final String ENVOY_HOST = "\"envoy://connect_originate/127.1.1.1:9080\"";
    private static final String ENVOY_LOCAL = " envoy://internal_client_address/";

    /** accessLogFormat of the cases log-format and hbone-log-format. */
    private static final String OWN = "m=%REQ(:METHOD)% p=%REQ(:PATH)% op=%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"
            + " a=%REQ(:AUTHORITY)% s=%REQ(:SCHEME)% h=%REQ(X-Team)% alt=%REQ(X-NONE?X-Team)% cut=%REQ(X-Team):3%"
            + " cut0=%REQ(X-TEAM):0% none=%REQ(X-NONE)% nq=%REQ_WITHOUT_QUERY(:PATH)% proto=%PROTOCOL%"
            + " up=%UPSTREAM_PROTOCOL% code=%RESPONSE_CODE% det=%RESPONSE_CODE_DETAILS% fl=%RESPONSE_FLAGS%"
            + " fll=%RESPONSE_FLAGS_LONG% ct=%RESP(content-type)% ra=%RESP(X-NONE?Content-Type):5%"
            + " tr=%TRAILER(grpc-status)% gs=%GRPC_STATUS% gsn=%GRPC_STATUS_NUMBER% route=%ROUTE_NAME%"
            + " vc=%VIRTUAL_CLUSTER_NAME% cl=%UPSTREAM_CLUSTER% clr=%UPSTREAM_CLUSTER_RAW% uh=%UPSTREAM_HOST%"
            + " ura=%UPSTREAM_REMOTE_ADDRESS% uraw=%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
            + " urp=%UPSTREAM_REMOTE_PORT% att=%UPSTREAM_REQUEST_ATTEMPT_COUNT% dla=%DOWNSTREAM_LOCAL_ADDRESS%"
            + " dlaw=%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% dlp=%DOWNSTREAM_LOCAL_PORT%"
            + " draw=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% ddraw=%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
            + " sni=%REQUESTED_SERVER_NAME% br=%BYTES_RECEIVED% term=%CONNECTION_TERMINATION_DETAILS%"
            + " tf=%UPSTREAM_TRANSPORT_FAILURE_REASON% fs=%FILTER_STATE(io.istio.peer_principal:PLAIN)%"
            + " dm=%DYNAMIC_METADATA(a:b)% pct=100%% env=%ENVIRONMENT(NEVER_SET)% type=%ACCESS_LOG_TYPE%";

    private static FakeContext get(String path) {
        return FakeContext.http("GET", "reviews-v1:9080", path);
    }

    private static String text(String format, FakeContext c) {
        return c.line(AccessLogFormat.compile(new Format.Text(format)));
    }

    static Stream<Arguments> defaultText() {
        FakeContext unnamed = get("/unnamed?q=1")
                .header("x-forwarded-for", "192.0.2.1, 192.0.2.2")
                .header("user-agent", "tester/1.0");
        unnamed.sent = 359;
        unnamed.remote = "192.0.2.2:0";
        unnamed.route = null;

        FakeContext noRoute = get("/none").nowhere();
        noRoute.code = 404;
        noRoute.flags = ResponseFlags.NO_ROUTE_FOUND;
        noRoute.details = "route_not_found";
        noRoute.sent = 0;
        noRoute.cluster = null;
        noRoute.route = null;

        FakeContext abort = get("/abort").nowhere();
        abort.code = 555;
        abort.flags = ResponseFlags.FAULT_INJECTED;
        abort.details = "fault_filter_abort";
        abort.sent = 18;
        abort.route = "abort";

        FakeContext perTry = get("/pertry");
        perTry.responseHeaders.clear();
        perTry.code = 504;
        perTry.flags = ResponseFlags.UPSTREAM_REQUEST_TIMEOUT | ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED;
        perTry.details = "upstream_per_try_timeout";
        perTry.sent = 24;
        perTry.route = "per-try";

        FakeContext rewritten = get("/new/x?y").header("x-envoy-original-path", "/old/x?y");
        rewritten.sent = 319;
        rewritten.route = "rewrite";

        FakeContext gone = get("/unnamed");
        gone.code = 0;
        gone.flags = ResponseFlags.DOWNSTREAM_CONNECTION_TERMINATION;
        gone.details = "downstream_remote_disconnect";
        gone.sent = 0;
        gone.route = null;

        FakeContext bad = new FakeContext().nowhere();
        bad.protocol = Protocol.HTTP_1_1;
        bad.code = 400;
        bad.flags = ResponseFlags.DOWNSTREAM_PROTOCOL_ERROR;
        bad.details = "http1.codec error";
        bad.sent = 11;
        bad.cluster = null;
        bad.route = null;

        FakeContext noHost = new FakeContext().nowhere().request(Protocol.HTTP_1_1, "GET", "", "/x");
        noHost.code = 400;
        noHost.details = "missing_host_header";
        noHost.sent = 0;
        noHost.cluster = null;
        noHost.route = null;

        FakeContext refused = FakeContext.ofTcp().nowhere();
        refused.flags = ResponseFlags.UPSTREAM_CONNECTION_FAILURE | ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED;
        refused.failure = "delayed connect error: Connection refused";
        refused.host = "127.1.2.1:9999";
        refused.cluster = "inbound-vip|5001|tcp|refused.default.svc.cluster.local";
        refused.local = "10.96.1.2:5001";
        refused.received = 0;
        refused.sent = 0;

        FakeContext denied = FakeContext.ofTcp();
        denied.termination = "rbac_access_denied_matched_policy[ns[default]-policy[d]-rule[0]]";
        denied.sent = 0;

        return Stream.of(
                arguments(
                        "hbone-log-default: unnamed route",
                        unnamed,
                        "\"GET /unnamed?q=1 HTTP/1.1\" 200 - via_upstream - \"-\" 0 359 6 5 \"192.0.2.1, 192.0.2.2\""
                                + " \"tester/1.0\" \"8b3ad6cf-28a8-456b-a6c3-fedfd30c4989\" \"reviews-v1:9080\" "
                                + ENVOY_HOST + " " + V1 + ENVOY_LOCAL + " 10.96.0.31:9080 192.0.2.2:0 - -"),
                arguments(
                        "hbone-log-default: no route",
                        noRoute,
                        "\"GET /none HTTP/1.1\" 404 NR route_not_found - \"-\" 0 0 6 -" + V1_TAIL + "\"-\" - -"
                                + V1_ADDRESSES + "-"),
                arguments(
                        "hbone-log-default: abort",
                        abort,
                        "\"GET /abort HTTP/1.1\" 555 FI fault_filter_abort - \"-\" 0 18 6 -" + V1_TAIL + "\"-\" " + V1
                                + " -" + V1_ADDRESSES + "abort"),
                arguments(
                        "hbone-log-default: per try timeout",
                        perTry,
                        "\"GET /pertry HTTP/1.1\" 504 URX,UT upstream_per_try_timeout - \"-\" 0 24 6 -" + V1_TAIL
                                + ENVOY_HOST + " " + V1 + ENVOY_LOCAL + V1_ADDRESSES + "per-try"),
                arguments(
                        "hbone-log-default: rewritten path shows the original",
                        rewritten,
                        "\"GET /old/x?y HTTP/1.1\" 200 - via_upstream - \"-\" 0 319 6 5" + V1_TAIL + ENVOY_HOST + " "
                                + V1 + ENVOY_LOCAL + V1_ADDRESSES + "rewrite"),
                arguments(
                        "hbone-log-default: client goes away",
                        gone,
                        "\"GET /unnamed HTTP/1.1\" 0 DC downstream_remote_disconnect - \"-\" 0 0 6 -" + V1_TAIL
                                + ENVOY_HOST + " " + V1 + ENVOY_LOCAL + V1_ADDRESSES + "-"),
                arguments(
                        "hbone-log-default: bad request (on port 9080 of reviews-v1)",
                        bad,
                        "\"- - HTTP/1.1\" 400 DPE http1.codec_error - \"-\" 0 11 6 - \"-\" \"-\" \"-\" \"-\" \"-\" - -"
                                + V1_ADDRESSES + "-"),
                arguments(
                        "hbone-log-default: no host",
                        noHost,
                        "\"GET /x HTTP/1.1\" 400 - missing_host_header - \"-\" 0 0 6 - \"-\" \"-\" \"-\" \"-\" \"-\" -"
                                + " -" + V1_ADDRESSES + "-"),
                arguments(
                        "hbone-log-default: tcp",
                        FakeContext.ofTcp(),
                        "\"- - -\" 0 - - - \"-\" 2 12 6 - \"-\" \"-\" \"-\" \"-\""
                                + " \"envoy://connect_originate/127.1.3.1:9090\""
                                + " inbound-vip|90|tcp|echo-v1.default.svc.cluster.local" + ENVOY_LOCAL
                                + " 10.96.0.34:90 127.2.0.1:40000 - -"),
                arguments(
                        "log-tcp: denied (over HBONE)",
                        denied,
                        "\"- - -\" 0 - - rbac_access_denied_matched_policy[ns[default]-policy[d]-rule[0]] \"-\" 2 0 6 -"
                                + " \"-\" \"-\" \"-\" \"-\" \"envoy://connect_originate/127.1.3.1:9090\""
                                + " inbound-vip|90|tcp|echo-v1.default.svc.cluster.local" + ENVOY_LOCAL
                                + " 10.96.0.34:90 127.2.0.1:40000 - -"),
                arguments(
                        "log-tcp: refused",
                        refused,
                        "\"- - -\" 0 UF,URX - - \"delayed_connect_error:_Connection_refused\" 0 0 6 - \"-\" \"-\""
                                + " \"-\" \"-\" \"127.1.2.1:9999\""
                                + " inbound-vip|5001|tcp|refused.default.svc.cluster.local - 10.96.1.2:5001"
                                + " 127.2.0.1:40000 - -"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void defaultText(String name, FakeContext c, String expected) {
        assertThat(text("", c)).as(name).isEqualTo("[2026-08-01T12:00:00.123Z] " + expected + "\n");
    }

    static Stream<Arguments> ownFormat() {
        String addresses = " dla=10.96.0.31:9080 dlaw=10.96.0.31 dlp=9080 draw=127.2.0.1"
                + " ddraw=envoy://internal_client_address/ sni=- br=0 term=- tf=-"
                + " fs=spiffe://cluster.local/ns/default/sa/client dm=- pct=100% env=- type=DownstreamEnd";
        String e = "envoy://connect_originate/127.1.1.1:9080";
        String sentTo = " vc=- cl=" + V1 + "; clr=" + V1 + " uh=" + e + " ura=" + e + " uraw=" + e + " urp= att=1";
        String ok = " proto=HTTP/1.1 up=HTTP/1.1 code=200 det=via_upstream fl=- fll=- ct=application/json ra=appli"
                + " tr=- gs=- gsn=- route=default" + sentTo + addresses;

        FakeContext plainTcp = get("/a?b=c").header("x-team", "yellow");
        plainTcp.host = "127.1.1.1:9080";

        FakeContext noRoute = get("/x").nowhere();
        noRoute.code = 404;
        noRoute.flags = ResponseFlags.NO_ROUTE_FOUND;
        noRoute.details = "route_not_found";
        noRoute.cluster = null;
        noRoute.route = null;

        FakeContext grpc = get("/").request(Protocol.HTTP_2, "POST", "echo-v1:70", "/s/m")
                .header("content-type", "application/grpc");
        grpc.upstreamProtocol = Protocol.HTTP_2;
        grpc.responseHeaders = new Headers().add("content-type", "application/grpc");
        grpc.trailers = new Headers().add("grpc-status", "7");

        return Stream.of(
                arguments(
                        "hbone-log-format: plain",
                        get("/a?b=c").header("x-team", "yellow"),
                        "m=GET p=/a?b=c op=/a?b=c a=reviews-v1:9080 s=http h=yellow alt=yellow cut=yel cut0= none=-"
                                + " nq=/a" + ok),
                arguments(
                        "hbone-log-format: empty header",
                        get("/").header("x-team", ""),
                        "m=GET p=/ op=/ a=reviews-v1:9080 s=http h= alt= cut= cut0= none=- nq=/" + ok),
                arguments(
                        "hbone-log-format: repeated header",
                        get("/").header("x-team", "a").header("x-team", "b"),
                        "m=GET p=/ op=/ a=reviews-v1:9080 s=http h=a alt=a cut=a cut0= none=- nq=/" + ok),
                arguments(
                        "log-format: plain",
                        plainTcp,
                        "m=GET p=/a?b=c op=/a?b=c a=reviews-v1:9080 s=http h=yellow alt=yellow cut=yel cut0= none=-"
                                + " nq=/a"
                                + ok.replace("uraw=" + e + " urp=", "uraw=127.1.1.1 urp=9080")
                                        .replace(e, "127.1.1.1:9080")),
                arguments(
                        "hbone-log-format: no route",
                        noRoute,
                        "m=GET p=/x op=/x a=reviews-v1:9080 s=http h=- alt=- cut=- cut0=- none=- nq=/x proto=HTTP/1.1"
                                + " up=- code=404 det=route_not_found fl=NR fll=NoRouteFound ct=- ra=- tr=- gs=- gsn=-"
                                + " route=- vc=- cl=- clr=- uh=- ura=- uraw=- urp=- att=0" + addresses),
                arguments(
                        "hbone-log-format: grpc (sent to reviews-v1)",
                        grpc,
                        "m=POST p=/s/m op=/s/m a=echo-v1:70 s=http h=- alt=- cut=- cut0=- none=- nq=/s/m proto=HTTP/2"
                                + " up=HTTP/2 code=200 det=via_upstream fl=- fll=- ct=application/grpc ra=appli tr=7"
                                + " gs=PermissionDenied gsn=7 route=default" + sentTo + addresses));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void ownFormat(String name, FakeContext c, String expected) {
        assertThat(text(OWN, c)).as(name).isEqualTo(expected + "\n");
    }

    @Test
    void tcpHasNothingOfHttp() {
        assertThat(text(OWN, FakeContext.ofTcp()))
                .as("hbone-log-format: tcp")
                .isEqualTo("m=- p=- op=- a=- s=- h=- alt=- cut=- cut0=- none=- nq=- proto=- up=- code=0 det=- fl=-"
                        + " fll=- ct=- ra=- tr=- gs=- gsn=- route=- vc=-"
                        + " cl=inbound-vip|90|tcp|echo-v1.default.svc.cluster.local;"
                        + " clr=inbound-vip|90|tcp|echo-v1.default.svc.cluster.local"
                        + " uh=envoy://connect_originate/127.1.3.1:9090"
                        + " ura=envoy://connect_originate/127.1.3.1:9090"
                        + " uraw=envoy://connect_originate/127.1.3.1:9090 urp= att=1 dla=10.96.0.34:90"
                        + " dlaw=10.96.0.34 dlp=90 draw=127.2.0.1 ddraw=envoy://internal_client_address/ sni=- br=2"
                        + " term=- tf=- fs=spiffe://cluster.local/ns/default/sa/client dm=- pct=100% env=-"
                        + " type=TcpConnectionEnd\n");
    }

    private static String defaultJson(String bytes, String head, String path, String code, String up, String agent) {
        return "{" + head + ",\"bytes_received\":" + bytes + ",\"connection_termination_details\":null,"
                + "\"downstream_local_address\":\"10.96.0.31:9080\",\"downstream_remote_address\":\"127.2.0.1:40000\","
                + "\"duration\":6," + path + code + "\"start_time\":\"2026-08-01T12:00:00.123Z\"," + up
                + "\"upstream_transport_failure_reason\":null,\"user_agent\":" + agent + ",\"x_forwarded_for\":null}\n";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                // log-json: plain, utf-8, not utf-8 (bytes of the header as Latin-1)
                "te\"st\\er/1.0 <&>' ~ \"te\\\"st\\\\er/1.0 <&>'\"",
                "\u00c3\u00a9\u00e2\u0082\u00ac ~ \"\u00e9\u20ac\"",
                "a\"b\\c \u00e9 ~ \"a\\u0022b\\u005cc \\u00e9\"",
            })
    void defaultJson(String agent, String expected) {
        FakeContext c = get("/a?b=c").header("user-agent", agent);
        assertThat(c.line(AccessLogFormat.compile(new Format.Json(Map.of()))))
                .isEqualTo(defaultJson(
                        "0,\"bytes_sent\":278",
                        "\"authority\":\"reviews-v1:9080\"",
                        "\"method\":\"GET\",\"path\":\"/a?b=c\",\"protocol\":\"HTTP/1.1\","
                                + "\"request_id\":\"8b3ad6cf-28a8-456b-a6c3-fedfd30c4989\","
                                + "\"requested_server_name\":null,",
                        "\"response_code\":200,\"response_code_details\":\"via_upstream\",\"response_flags\":\"-\","
                                + "\"route_name\":\"default\",",
                        "\"upstream_cluster\":\"" + V1 + "\"," + "\"upstream_host\":" + ENVOY_HOST + ","
                                + "\"upstream_local_address\":\"envoy://internal_client_address/\","
                                + "\"upstream_service_time\":\"5\",",
                        expected));
    }

    @Test
    void defaultJsonOfTcp() {
        FakeContext c = FakeContext.ofTcp();
        c.local = "10.96.0.31:9080";
        assertThat(c.line(AccessLogFormat.compile(new Format.Json(DefaultLogFormats.JSON))))
                .as("log-json: tcp")
                .isEqualTo(defaultJson(
                        "2,\"bytes_sent\":12",
                        "\"authority\":null",
                        "\"method\":null,\"path\":null,\"protocol\":null,\"request_id\":null,"
                                + "\"requested_server_name\":null,",
                        "\"response_code\":0,\"response_code_details\":null,\"response_flags\":\"-\","
                                + "\"route_name\":null,",
                        "\"upstream_cluster\":\"inbound-vip|90|tcp|echo-v1.default.svc.cluster.local\","
                                + "\"upstream_host\":\"envoy://connect_originate/127.1.3.1:9090\","
                                + "\"upstream_local_address\":\"envoy://internal_client_address/\","
                                + "\"upstream_service_time\":null,",
                        "null"));
    }

    /** Case log-json-format. */
    @Test
    void ownJson() {
        Map<String, Object> fields = Map.ofEntries(
                Map.entry("zeta", "%RESPONSE_CODE%"),
                Map.entry("alpha", "%REQ(:PATH)%"),
                Map.entry("text", "%REQ(:METHOD)% to %REQ(X-NONE)%"),
                Map.entry("none", "%REQ(X-NONE)%"),
                Map.entry(
                        "in",
                        Map.of("bytes", "%BYTES_RECEIVED%", "flags", "%RESPONSE_FLAGS%", "deep", Map.of("a", "b"))),
                Map.entry("list", List.of("%PROTOCOL%", "x")),
                Map.entry("const", "word"),
                Map.entry("number", 5.0),
                Map.entry("yes", true),
                Map.entry("two", "%RESPONSE_CODE%%BYTES_RECEIVED%"),
                Map.entry("pct", "%%"),
                Map.entry("princ", "%FILTER_STATE(io.istio.peer_principal:PLAIN)%"),
                Map.entry("headers", "%REQ(X-TEAM):2%"));
        AccessLogFormat f = AccessLogFormat.compile(new Format.Json(fields));
        assertThat(get("/a").header("x-team", "12345").line(f))
                .isEqualTo("{\"alpha\":\"/a\",\"const\":\"word\",\"headers\":\"12\",\"in\":{\"bytes\":0,"
                        + "\"deep\":{\"a\":\"b\"},\"flags\":\"-\"},\"list\":[\"HTTP/1.1\",\"x\"],\"none\":null,"
                        + "\"number\":5,\"pct\":\"%\",\"princ\":\"spiffe://cluster.local/ns/default/sa/client\","
                        + "\"text\":\"GET to -\",\"two\":\"2000\",\"yes\":true,\"zeta\":200}\n");
        assertThat(FakeContext.ofTcp().line(f))
                .isEqualTo("{\"alpha\":null,\"const\":\"word\",\"headers\":null,\"in\":{\"bytes\":2,"
                        + "\"deep\":{\"a\":\"b\"},\"flags\":\"-\"},\"list\":[null,\"x\"],\"none\":null,"
                        + "\"number\":5,\"pct\":\"%\",\"princ\":\"spiffe://cluster.local/ns/default/sa/client\","
                        + "\"text\":\"- to -\",\"two\":\"02\",\"yes\":true,\"zeta\":0}\n");
    }

    @Test
    void omitsEmptyValues() {
        assertThat(get("/").line(AccessLogFormat.compile(
                        new Format.Text("OMIT [%REQ(X-NONE)%] %RESPONSE_CODE%\n"), true)))
                .as("log-providers: labels and omit")
                .isEqualTo("OMIT [] 200\n");
    }
}
