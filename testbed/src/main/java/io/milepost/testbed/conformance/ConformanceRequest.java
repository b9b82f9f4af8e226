package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.Http2;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A request of a table: what is sent, and by whom. */
record ConformanceRequest(JsonNode r) {
    private static final AtomicInteger IDS = new AtomicInteger();

    /** A name for reports: the given one, or what is asked. */
    String name() {
        StringBuilder out = new StringBuilder(r.path("name").asText(""));
        if (out.isEmpty()) {
            out.append(r.path("method").asText("GET")).append(' ').append(path());
            r.path("headers")
                    .properties()
                    .forEach(h -> out.append(' ')
                            .append(h.getKey())
                            .append('=')
                            .append(h.getValue().asText()));
            if (r.has("failures")) {
                out.append(", ").append(r.path("failures").asInt()).append(" times ");
                out.append(r.path("failWith").asInt());
            }
            if (r.has("delay")) {
                out.append(", after ").append(r.path("delay").asInt()).append(" ms");
            }
        }
        return out.toString();
    }

    String path() {
        return r.path("path").asText("/");
    }

    String host() {
        String service = r.path("to").asText("echo");
        int port = r.path("port").asInt(80);
        return r.path("host").asText(port == 80 ? service : service + ":" + port);
    }

    boolean grpc() {
        return r.path("proto").asText().equals("grpc");
    }

    String method() {
        return r.path("method").asText(grpc() ? "POST" : "GET");
    }

    TunnelRequest tunnel(ConformanceMesh mesh) throws IOException {
        return mesh.tunnel(
                r.path("from").asText().equals("consumer"),
                r.path("to").asText("echo"),
                r.path("port").asInt(80));
    }

    private List<HttpHeader> headers() {
        List<HttpHeader> out = new ArrayList<>();
        r.path("headers")
                .properties()
                .forEach(h -> out.add(new HttpHeader(h.getKey(), h.getValue().asText())));
        for (JsonNode set : r.path("answers")) {
            out.add(new HttpHeader("x-echo-set", set.asText()));
        }
        if (r.has("delay")) {
            out.add(new HttpHeader("x-echo-delay-ms", r.path("delay").asText()));
        }
        if (r.has("failures")) {
            out.add(new HttpHeader("x-echo-id", "conformance-" + IDS.incrementAndGet()));
            out.add(new HttpHeader("x-echo-fail-first", r.path("failures").asText()));
            out.add(new HttpHeader("x-echo-fail-status", r.path("failWith").asText()));
        }
        if (r.has("resets")) {
            out.add(new HttpHeader("x-echo-id", "conformance-" + IDS.incrementAndGet()));
            out.add(new HttpHeader("x-echo-reset-first", r.path("resets").asText()));
        }
        if (r.has("upgrade")) {
            out.add(new HttpHeader("connection", "Upgrade"));
            out.add(new HttpHeader("upgrade", r.path("upgrade").asText()));
        }
        return out;
    }

    HttpAnswer ask(Tunnel t) throws IOException {
        if (!grpc()) {
            List<HttpHeader> all = new ArrayList<>();
            all.add(new HttpHeader("Host", host()));
            all.addAll(headers());
            return Http1.exchange(t, method(), path(), all, new byte[0]);
        }
        List<HttpHeader> all = new ArrayList<>();
        all.add(new HttpHeader("content-type", "application/grpc"));
        all.add(new HttpHeader("te", "trailers"));
        all.addAll(headers());
        return Http2.exchange(t, method(), host(), path(), all, new byte[5]);
    }

    /** What the echo application tells of the request that it saw; null when it was not reached. */
    @Nullable
    JsonNode echo(HttpAnswer a) {
        byte[] b = a.body();
        int from = grpc() && b.length > 5 ? 5 : 0;
        try {
            JsonNode n = ConformanceReport.JSON.readTree(b, from, b.length - from);
            return n != null && n.has("pod") ? n : null;
        } catch (IOException e) {
            // No JSON: an answer of the waypoint itself.
            return null;
        }
    }
}
