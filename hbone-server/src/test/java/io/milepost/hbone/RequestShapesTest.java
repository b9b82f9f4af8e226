package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.connectTo;
import static io.milepost.hbone.RawPeer.headers;
import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.hbone.Mesh.Echo;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What each shape of request is answered, frame by frame. WAYPOINT: measured-behaviour.md, Tunnel; ZTUNNEL:
 * ztunnel-measured.md, "As server (15008)".
 */
@Timeout(180)
class RequestShapesTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    private static final Http2Headers GET =
            headers(":method", "GET", ":scheme", "https", ":authority", "10.0.0.1:80", ":path", "/");
    private static final Http2Headers EXTENDED = headers(
            ":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "a:80", ":path", "/");
    private static final Http2Headers PROTOCOL_ONLY =
            headers(":method", "CONNECT", ":protocol", "hbone", ":authority", "a:80");
    private static final Http2Headers NO_AUTHORITY = headers(":method", "CONNECT");
    private static final Http2Headers EMPTY_AUTHORITY = headers(":method", "CONNECT", ":authority", "");
    private static final Http2Headers WITH_PATH = headers(":method", "CONNECT", ":authority", "a:80", ":path", "/");
    private static final Http2Headers WITH_SCHEME =
            headers(":method", "CONNECT", ":authority", "a:80", ":scheme", "https");

    private static final String NOT_FOUND = "HEADERS 3 :status=404 END|RST 3 NO_ERROR";
    private static final String BAD_REQUEST = "HEADERS 3 :status=400 END|RST 3 NO_ERROR";
    private static final String STREAM_ERROR = "RST 3 PROTOCOL_ERROR";

    static Stream<Arguments> answers() {
        return Stream.of(
                Arguments.of("GET at a waypoint", RequestPolicy.WAYPOINT, GET, NOT_FOUND),
                Arguments.of("extended CONNECT at a waypoint", RequestPolicy.WAYPOINT, EXTENDED, NOT_FOUND),
                Arguments.of("forged marker at a waypoint", RequestPolicy.WAYPOINT, PROTOCOL_ONLY, NOT_FOUND),
                Arguments.of("GET at a ztunnel", RequestPolicy.ZTUNNEL, GET, BAD_REQUEST),
                Arguments.of("no authority at a ztunnel", RequestPolicy.ZTUNNEL, NO_AUTHORITY, BAD_REQUEST),
                Arguments.of("empty authority at a ztunnel", RequestPolicy.ZTUNNEL, EMPTY_AUTHORITY, STREAM_ERROR),
                Arguments.of("path at a ztunnel", RequestPolicy.ZTUNNEL, WITH_PATH, STREAM_ERROR),
                Arguments.of("scheme at a ztunnel", RequestPolicy.ZTUNNEL, WITH_SCHEME, STREAM_ERROR),
                Arguments.of("extended CONNECT at a ztunnel", RequestPolicy.ZTUNNEL, EXTENDED, STREAM_ERROR),
                Arguments.of("no authority at a waypoint", RequestPolicy.WAYPOINT, NO_AUTHORITY, "GOAWAY"),
                Arguments.of("empty authority at a waypoint", RequestPolicy.WAYPOINT, EMPTY_AUTHORITY, "GOAWAY"),
                Arguments.of("path at a waypoint", RequestPolicy.WAYPOINT, WITH_PATH, "GOAWAY"),
                Arguments.of("scheme at a waypoint", RequestPolicy.WAYPOINT, WITH_SCHEME, "GOAWAY"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void answer(String name, RequestPolicy policy, Http2Headers request, String expected) throws Exception {
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).requestPolicy(policy));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, request, false);
        if (expected.equals("GOAWAY")) {
            assertThat(client.await("GOAWAY")).endsWith("PROTOCOL_ERROR");
            client.closed().get(30, TimeUnit.SECONDS);
            return;
        }
        for (String frame : expected.split("\\|")) {
            String[] words = frame.split(" ");
            assertThat(client.await(words[0])).isEqualTo(frame);
        }
        // The connection goes on: a tunnel opens beside it.
        client.sendHeaders(5, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 5 :status=200");
        client.sendData(5, "ping", true);
        assertThat(client.await("DATA")).startsWith("DATA 5 ping");
        client.closeAndWait();
    }

    @Test
    void aRequestThatIsCompleteIsNotReset() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, GET, true);
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=404 END");
        client.sendHeaders(5, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 5");
        assertThat(client.frames()).noneMatch(frame -> frame.startsWith("RST"));
        client.closeAndWait();
    }

    @Test
    void connectMayEndAtOnce() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), true);
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=200");
        assertThat(client.await("DATA")).isEqualTo("DATA 3 END");
        client.closeAndWait();
    }

    @Test
    void acceptsTrailersPaddingEmptyDataAndDataBeforeTheAnswer() throws Exception {
        List<TunnelRequest> waiting = new java.util.concurrent.CopyOnWriteArrayList<>();
        HboneServer server = mesh.server(waiting::add);
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        client.sendData(3, "early ", false);
        client.sendData(3, "", false);
        client.sendPadded(3, "padded", 17);
        client.sendHeaders(3, headers("x-trailer", "1"), true);
        org.awaitility.Awaitility.await().until(() -> !waiting.isEmpty());
        TunnelRequest request = waiting.getFirst();
        request.eventLoop().execute(() -> request.accept(new Echo()));
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=200");
        StringBuilder text = new StringBuilder();
        for (String frame = client.await("DATA"); ; frame = client.await("DATA")) {
            text.append(frame.replace("DATA 3", "").replaceFirst("^ ", "").replaceFirst(" ?END$", ""));
            if (frame.endsWith("END")) {
                break;
            }
        }
        assertThat(text.toString()).isEqualTo("early padded");
        client.closeAndWait();
    }

    @Test
    void answersARefusalWithEndOfStreamAndThenReset() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.refuse(503));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=503 END");
        assertThat(client.await("RST")).isEqualTo("RST 3 NO_ERROR");
        client.closeAndWait();
    }

    @Test
    void aFailingServiceIs503() throws Exception {
        HboneServer server = mesh.server(tunnel -> {
            throw new IllegalStateException("the test's service fails");
        });
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=503 END");
        client.closeAndWait();
    }

    /** ztunnel-measured.md: extra headers on the 200 are fine; what the service adds is sent in order. */
    @Test
    void furtherHeadersOnTheAnswer() throws Exception {
        HboneServer server =
                mesh.server(tunnel -> tunnel.accept(new Echo(), List.of("baggage", "service.name=a", "x-more", "1")));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=200 baggage=service.name=a x-more=1");
        client.closeAndWait();
    }

    @Test
    void tellsTheServiceAuthorityHeadersAndPeer() throws Exception {
        java.util.concurrent.CompletableFuture<TunnelRequest> seen = new java.util.concurrent.CompletableFuture<>();
        HboneServer server = mesh.server(tunnel -> {
            seen.complete(tunnel);
            tunnel.refuse(404);
        });
        RawPeer client = mesh.raw(server);
        client.sendHeaders(
                3,
                connectTo("[2001:db8::1]:80")
                        .add("baggage", "k8s.cluster.name=C")
                        .add("forwarded", "for=\"a\""),
                false);
        TunnelRequest request = seen.get(30, TimeUnit.SECONDS);
        assertThat(request.authority()).isEqualTo("[2001:db8::1]:80");
        assertThat(request.header("baggage")).isEqualTo("k8s.cluster.name=C");
        assertThat(request.header("forwarded")).isEqualTo("for=\"a\"");
        assertThat(request.header("traceparent")).isNull();
        assertThat(request.peer().principal()).isEqualTo(TestCa.id("raw"));
        client.closeAndWait();
    }
}
