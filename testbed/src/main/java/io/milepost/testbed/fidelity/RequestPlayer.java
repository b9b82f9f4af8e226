package io.milepost.testbed.fidelity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.Http2;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.RefusedException;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Sends one request of a case through a tunnel of its own and notes what came, in the form of the recordings. */
final class RequestPlayer {
    static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    static final Set<String> TRACE_HEADERS = Set.of(
            "x-request-id",
            "traceparent",
            "tracestate",
            "x-b3-traceid",
            "x-b3-spanid",
            "x-b3-sampled",
            "x-b3-parentspanid");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{16}");
    private static final Duration CLOSE_WAIT = Duration.ofMillis(1700); // Envoy closes a second late

    /** An outcome; {@code closed} is still to be asked where the connection is watched for its end. */
    record Played(ObjectNode outcome, @Nullable FutureTask<Boolean> closed) {}

    private final FidelityWorld world;
    private final FidelityRequest r;
    private final boolean watchLater;

    RequestPlayer(FidelityWorld world, FidelityRequest request, boolean watchLater) {
        this.world = world;
        this.r = request;
        this.watchLater = watchLater;
    }

    Played play() {
        ObjectNode out = JSON.createObjectNode();
        Tunnel tunnel = null;
        FutureTask<Boolean> closed = null;
        try {
            tunnel = world.client().open(tunnelRequest());
            closed = exchange(tunnel, out);
        } catch (RefusedException e) {
            out.removeAll();
            out.put("status", "refused").put("why", e.why());
        } catch (SocketTimeoutException e) {
            out.removeAll();
            out.put("status", "error").put("why", "TimeoutError");
        } catch (IOException | RuntimeException e) {
            out.removeAll();
            out.put("status", "error").put("why", e.getClass().getSimpleName() + " " + e.getMessage());
        } finally {
            if (tunnel != null && closed == null) {
                tunnel.close();
            }
        }
        return new Played(out, closed);
    }

    private String service() {
        return r.text("to", "reviews");
    }

    private int port() {
        return r.on("port") ? r.number("port", 80) : r.has("vip") ? 80 : BaseMesh.firstPort(service());
    }

    private TunnelRequest tunnelRequest() throws IOException {
        BaseMesh.Client from = BaseMesh.client(r.text("as", "client"));
        String authority = r.on("authority")
                ? r.text("authority", "")
                : (r.on("vip") ? r.text("vip", "") : BaseMesh.vip(service())) + ":" + port();
        List<HttpHeader> headers = new ArrayList<>();
        if (r.on("forwarded")) {
            headers.add(new HttpHeader("forwarded", "for=" + from.ip() + ";by=127.0.0.9;proto=http"));
        }
        headers.addAll(r.headers("connect_headers"));
        TunnelRequest request = TunnelRequest.of(
                        world.waypoint(), world.ca().leaf(from.namespace(), from.serviceAccount()), authority)
                .from(InetAddress.getByName(from.ip()))
                .with(headers)
                .patience(Duration.ofMillis((long) (r.decimal("timeout", 8) * 1000)))
                .outer(r.has("outer") ? r.headers("outer") : null);
        if (r.has("alpn")) {
            List<String> alpn = new ArrayList<>();
            Yamls.list(r.keys().get("alpn")).forEach(p -> alpn.add(Yamls.text(p)));
            request = request.alpn(alpn);
        }
        return request;
    }

    private @Nullable FutureTask<Boolean> exchange(Tunnel t, ObjectNode out) throws IOException {
        String proto = r.text("proto", "http1");
        byte[] body = r.body();
        if (proto.equals("tcp")) {
            t.send(body.length == 0 ? "hi".getBytes(StandardCharsets.US_ASCII) : body);
            int want = r.number("want", 1);
            t.recvUntil(() -> t.received().size() >= want);
            out.put("status", "tcp").put("bytes", latin1(t.received().peek(200)));
            return null;
        }
        List<HttpHeader> headers = r.headers("headers");
        String host = r.has("host") ? r.textOrNull("host") : port() == 80 ? service() : service() + ":" + port();
        HttpAnswer a = proto.equals("http1") ? http1(t, host, headers, body) : http2(t, proto, host, headers, body);
        put(out, "status", a.status());
        if (r.on("then")) {
            then(t, out);
        }
        if (r.on("after")) {
            byte[] after = r.text("after", "").getBytes(StandardCharsets.ISO_8859_1);
            t.send(after);
            t.recvUntil(() -> t.received().size() >= after.length);
            out.put("after", latin1(t.received().peek(200)));
        }
        FutureTask<Boolean> closed = r.on("closed") ? closed(t, out) : null;
        describe(a, headers, out);
        return closed;
    }

    private HttpAnswer http1(Tunnel t, @Nullable String host, List<HttpHeader> headers, byte[] body)
            throws IOException {
        String method = r.text("method", "GET");
        if (r.on("raw")) {
            return Http1.raw(t, method, r.text("raw", "").getBytes(StandardCharsets.ISO_8859_1));
        }
        List<HttpHeader> all = new ArrayList<>();
        if (host != null) {
            all.add(new HttpHeader("Host", host));
        }
        all.addAll(headers);
        boolean framed = all.stream()
                .anyMatch(h ->
                        h.name().equalsIgnoreCase("content-length") || h.name().equalsIgnoreCase("transfer-encoding"));
        if (body.length > 0 && !framed) {
            all.add(new HttpHeader("Content-Length", Integer.toString(body.length)));
        }
        return Http1.exchange(t, method, r.text("path", "/"), all, body);
    }

    private HttpAnswer http2(Tunnel t, String proto, @Nullable String host, List<HttpHeader> headers, byte[] body)
            throws IOException {
        boolean grpc = proto.equals("grpc");
        List<HttpHeader> all = new ArrayList<>();
        byte[] data = body;
        if (grpc) {
            all.add(new HttpHeader("content-type", "application/grpc"));
            all.add(new HttpHeader("te", "trailers"));
            data = ByteBuffer.allocate(5 + body.length)
                    .put((byte) 0)
                    .putInt(body.length)
                    .put(body)
                    .array();
        }
        all.addAll(headers);
        HttpAnswer a = Http2.exchange(t, r.text("method", grpc ? "POST" : "GET"), host, r.text("path", "/"), all, data);
        if (grpc && a.body().length > 5 && a.body()[0] == 0) {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            message.write(a.body(), 5, a.body().length - 5);
            return new HttpAnswer(a.status(), a.headers(), message.toByteArray(), a.trailers());
        }
        return a;
    }

    private void then(Tunnel t, ObjectNode out) throws IOException {
        ArrayNode then = out.putArray("then");
        for (int i = 0; i < r.number("then", 0) && !(t.ended() && t.received().isEmpty()); i++) {
            HttpAnswer next = Http1.raw(t, "GET", new byte[0]);
            JsonNode echo = parse(next.body());
            ArrayNode pair = then.addArray();
            if (Character.isDigit(next.status().charAt(0))) {
                pair.add(Integer.parseInt(next.status()));
            } else {
                pair.add(next.status());
            }
            pair.add(echo == null ? "" : echo.path("path").asText(""));
        }
    }

    /** Does the proxy close the connection after its answer? Watched beside the next requests, unless log lines are attributed to this one. */
    private @Nullable FutureTask<Boolean> closed(Tunnel t, ObjectNode out) throws IOException {
        FutureTask<Boolean> watch = new FutureTask<>(() -> {
            try (t) {
                t.timeout(CLOSE_WAIT);
                t.recvUntil(() -> false);
            } catch (SocketTimeoutException e) {
                return t.ended();
            }
            return t.ended();
        });
        if (watchLater) {
            Thread.ofVirtual().start(watch);
            return watch;
        }
        watch.run();
        out.put("closed", t.ended());
        return null;
    }

    private void describe(HttpAnswer a, List<HttpHeader> sent, ObjectNode out) {
        byte[] b = a.body();
        boolean echoed = latin1(b).startsWith("{\"pod\":");
        List<HttpHeader> response = new ArrayList<>();
        for (HttpHeader h : a.headers()) {
            String k = h.name().toLowerCase(Locale.ROOT);
            response.add(new HttpHeader(
                    k,
                    switch (k) {
                        case "date" -> "<date>";
                        case "x-envoy-upstream-service-time" -> "<ms>";
                        case "x-request-id" -> "<uuid>";
                        case "set-cookie" -> HASH.matcher(h.value()).replaceAll("<hash>");
                        case "content-length" -> echoed ? "<n>" : h.value();
                        default -> h.value();
                    }));
        }
        out.set("response_headers", pairs(response));
        if (!a.trailers().isEmpty()) {
            out.set("trailers", pairs(a.trailers()));
        }
        JsonNode echo = parse(b);
        if (echo == null || !echo.isObject() || !echo.has("pod") || !echo.has("headers")) {
            out.put("body", latin1(b).substring(0, Math.min(2000, b.length)));
            return;
        }
        out.set("pod", echo.get("pod"));
        for (String k : List.of("port", "proto", "method", "path", "body", "trailers")) {
            out.set("echo_" + k, echo.get(k));
        }
        out.set("request_headers", pairs(received(echo, sent)));
    }

    private List<HttpHeader> received(JsonNode echo, List<HttpHeader> sent) {
        List<HttpHeader> out = new ArrayList<>();
        for (JsonNode pair : echo.get("headers")) {
            String k = pair.get(0).asText().toLowerCase(Locale.ROOT);
            String v = pair.get(1).asText();
            if (TRACE_HEADERS.contains(k)) {
                if (r.on("ids")) { // was the client's own id kept?
                    out.add(new HttpHeader(
                            k, sent.stream().anyMatch(h -> h.value().equals(v)) ? "<same>" : "<new>"));
                } else if (k.equals("x-request-id")) {
                    out.add(new HttpHeader(k, "<id>"));
                }
            } else {
                out.add(new HttpHeader(k, v));
            }
        }
        return out;
    }

    static @Nullable JsonNode parse(byte[] body) {
        try {
            JsonNode node = JSON.readTree(body);
            return node == null || node.isMissingNode() ? null : node;
        } catch (JsonProcessingException e) {
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    static void put(ObjectNode out, String key, String status) {
        if (Character.isDigit(status.charAt(0))) {
            out.put(key, Integer.parseInt(status));
        } else {
            out.put(key, status);
        }
    }

    static ArrayNode pairs(List<HttpHeader> headers) {
        ArrayNode out = JSON.createArrayNode();
        headers.stream()
                .sorted(Comparator.comparing(HttpHeader::name).thenComparing(HttpHeader::value))
                .forEach(h -> out.addArray().add(h.name()).add(h.value()));
        return out;
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
