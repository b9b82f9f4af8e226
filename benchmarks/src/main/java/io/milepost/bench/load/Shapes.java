package io.milepost.bench.load;

import io.milepost.bench.mesh.BenchMesh;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** The kinds of traffic: which port of the service, and what is said there. */
public enum Shapes {
    /** GET with an answer of 1 KiB. */
    PLAIN(BenchMesh.HTTP),
    /** Ten kinds of GET with usual headers, one of them for the canary. */
    REALISTIC(BenchMesh.HTTP),
    GET_64K(BenchMesh.HTTP),
    GET_64M(BenchMesh.HTTP),
    GET_1G(BenchMesh.HTTP),
    SLOW_200M(BenchMesh.HTTP),
    POST_1M(BenchMesh.HTTP),
    POST_64M(BenchMesh.HTTP),
    H2C(BenchMesh.H2C),
    GRPC(BenchMesh.GRPC),
    GRPC_STREAM(BenchMesh.GRPC_STREAM),
    WEBSOCKET(BenchMesh.HTTP),
    TCP(BenchMesh.TCP);

    private static final int STREAMS = 16;
    private static final int MESSAGE = 128;
    private static final String HOST = "web.default";

    private final int port;

    Shapes(int port) {
        this.port = port;
    }

    /** Authority of the CONNECT. */
    public String authority() {
        return BenchMesh.VIP + ":" + port;
    }

    /** Inner requests that one inner connection carries at a time. */
    public int multiplexed() {
        return this == H2C || this == GRPC || this == GRPC_STREAM ? STREAMS : 1;
    }

    public Wire.Factory wires() {
        return switch (this) {
            case PLAIN -> http(List.of(Requests.get(HOST, "/api/1k")), 0);
            case REALISTIC -> http(mixed(), 0);
            case GET_64K -> http(List.of(Requests.get(HOST, "/api/64k")), 0);
            case GET_64M -> http(List.of(Requests.get(HOST, "/api/64m")), 0);
            case GET_1G -> http(List.of(Requests.get(HOST, "/api/1024m")), 0);
            case SLOW_200M -> listener -> new SlowWire(listener, Requests.get(HOST, "/api/200m"), 1_000_000);
            case POST_1M -> http(List.of(Requests.post(HOST, "/api/16", 1 << 20)), 1 << 20);
            case POST_64M -> http(List.of(Requests.post(HOST, "/api/16", 64 << 20)), 64 << 20);
            case H2C -> listener -> new Http2Wire(listener, head("GET"), null, false, STREAMS);
            case GRPC -> listener -> new Http2Wire(listener, grpc("Unary"), message(), false, STREAMS);
            case GRPC_STREAM -> listener -> new Http2Wire(listener, grpc("Stream"), message(), true, STREAMS);
            case WEBSOCKET -> {
                ByteBuf greeting = Requests.bytes("GET /api/ws HTTP/1.1\r\nhost: " + HOST
                        + "\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
                        + "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
                ByteBuf frame = Requests.bytes(new byte[MESSAGE]);
                yield listener -> new EchoWire(listener, greeting, frame);
            }
            case TCP -> {
                ByteBuf bytes = Requests.bytes(new byte[MESSAGE]);
                yield listener -> new EchoWire(listener, null, bytes);
            }
        };
    }

    private static Wire.Factory http(List<ByteBuf> requests, long size) {
        int[] made = {0};
        return listener -> new Http1Wire(listener, requests, size).startingAt(made[0]++);
    }

    private static List<ByteBuf> mixed() {
        List<ByteBuf> out = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            String lines = "accept-language: en-US,en;q=0.9\r\ncookie: session=7f3a9c" + i + "; theme=dark\r\n"
                    + "x-request-id: 5a1e6c1e-8f0b-4c9a-9a51-0d6d8c5f7a0" + i + "\r\n"
                    + "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e473" + i + "-00f067aa0ba902b7-00\r\n"
                    + "x-debug: 1\r\n" + (i == 9 ? "x-canary: true\r\n" : "");
            out.add(Requests.get(HOST, "/api/items/" + i + "/1k?lang=en&page=" + i, lines));
        }
        return out;
    }

    private static byte[] head(String method) {
        return Http2Frames.block(
                ":method",
                method,
                ":scheme",
                "http",
                ":path",
                "/api/1k",
                ":authority",
                HOST,
                "user-agent",
                "bench/1",
                "accept",
                "*/*");
    }

    private static byte[] grpc(String method) {
        return Http2Frames.block(
                ":method",
                "POST",
                ":scheme",
                "http",
                ":path",
                "/api/bench.Echo/" + method,
                ":authority",
                HOST,
                "content-type",
                "application/grpc",
                "te",
                "trailers",
                "user-agent",
                "grpc-java-netty/1.62.2");
    }

    private static byte[] message() {
        byte[] out = new byte[MESSAGE + 5];
        out[4] = (byte) MESSAGE;
        return out;
    }
}
