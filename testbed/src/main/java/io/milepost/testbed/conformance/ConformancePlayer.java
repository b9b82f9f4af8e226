package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.HboneTestConnection;
import io.milepost.testbed.hbone.Http1;
import io.milepost.testbed.hbone.Http2;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import io.milepost.testbed.hbone.Tunnel;
import io.milepost.testbed.hbone.TunnelRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** Sends the requests of a table and compares strictly: also path and host that the backend saw, and Location, which the upstream mesh tests leave unread. */
public final class ConformancePlayer {
    private static final AtomicInteger IDS = new AtomicInteger();
    private static final double DEVIATIONS = 4.5;

    private final ConformanceMesh mesh;
    private final JsonNode r;
    private final List<String> problems = new ArrayList<>();

    private ConformancePlayer(ConformanceMesh mesh, JsonNode request) {
        this.mesh = mesh;
        this.r = request;
    }

    /** Plays one request; what isn't as it must be, empty if all is. */
    public static List<String> play(ConformanceMesh mesh, JsonNode request) {
        ConformancePlayer p = new ConformancePlayer(mesh, request);
        try {
            mesh.records().clear();
            if (request.has("count")) {
                p.many(request.path("count").asInt());
            } else {
                p.one();
            }
        } catch (IOException | RuntimeException e) {
            p.problems.add("no answer: " + e);
        }
        return p.problems;
    }

    /** A name for reports: the given one, or what is asked. */
    public static String name(JsonNode request) {
        StringBuilder out = new StringBuilder(request.path("name").asText(""));
        if (out.isEmpty()) {
            out.append(request.path("method").asText("GET")).append(' ').append(path(request));
            request.path("headers")
                    .properties()
                    .forEach(h -> out.append(' ')
                            .append(h.getKey())
                            .append('=')
                            .append(h.getValue().asText()));
            if (request.has("failures")) {
                out.append(", ").append(request.path("failures").asInt()).append(" times ");
                out.append(request.path("failWith").asInt());
            }
            if (request.has("delay")) {
                out.append(", after ").append(request.path("delay").asInt()).append(" ms");
            }
        }
        return out.toString();
    }

    private static String path(JsonNode request) {
        return request.path("path").asText("/");
    }

    private String host() {
        String service = r.path("to").asText("echo");
        int port = r.path("port").asInt(80);
        return r.path("host").asText(port == 80 ? service : service + ":" + port);
    }

    private boolean grpc() {
        return r.path("proto").asText().equals("grpc");
    }

    private TunnelRequest tunnel() throws IOException {
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

    private HttpAnswer ask(Tunnel t) throws IOException {
        String method = r.path("method").asText(grpc() ? "POST" : "GET");
        if (!grpc()) {
            List<HttpHeader> all = new ArrayList<>();
            all.add(new HttpHeader("Host", host()));
            all.addAll(headers());
            return Http1.exchange(t, method, path(r), all, new byte[0]);
        }
        List<HttpHeader> all = new ArrayList<>();
        all.add(new HttpHeader("content-type", "application/grpc"));
        all.add(new HttpHeader("te", "trailers"));
        all.addAll(headers());
        return Http2.exchange(t, method, host(), path(r), all, new byte[5]);
    }

    private void one() throws IOException {
        try (Tunnel t = mesh.client().open(tunnel())) {
            HttpAnswer a = ask(t);
            if (r.has("upgrade")) {
                upgraded(t, a);
                return;
            }
            status(a);
            response(a);
            JsonNode echo = echo(a);
            if (echo == null) {
                if (r.has("backend")) {
                    problems.add("wanted an answer of " + r.path("backend").asText() + ", got " + a.status() + " "
                            + text(a.body()));
                }
                return;
            }
            seen(echo);
        }
        for (JsonNode service : r.path("mirrored")) {
            mirrored(service.asText());
        }
    }

    private void upgraded(Tunnel t, HttpAnswer a) throws IOException {
        if (!a.status().equals("101")) {
            problems.add("wanted 101, got " + a.status() + " " + text(a.body()));
            return;
        }
        byte[] ping = "ping".getBytes(StandardCharsets.US_ASCII);
        t.send(ping);
        t.recvUntil(() -> t.received().size() >= ping.length);
        String back = text(t.received().takeAll());
        if (!back.equals("ping")) {
            problems.add("wanted ping back over the upgraded connection, got " + back);
        }
    }

    private void status(HttpAnswer a) {
        if (r.has("grpcStatus")) {
            String wanted = r.path("grpcStatus").asText();
            String got = value(a.trailers(), "grpc-status");
            got = got == null ? value(a.headers(), "grpc-status") : got;
            if (!wanted.equals(got)) {
                problems.add("grpc-status " + got + ", wanted " + wanted);
            }
            return;
        }
        if (r.has("anyStatus")) {
            boolean one = false;
            for (JsonNode s : r.path("anyStatus")) {
                one |= s.asText().equals(a.status());
            }
            if (!one) {
                problems.add("status " + a.status() + ", wanted one of " + r.path("anyStatus"));
            }
        } else if (!r.path("status").asText("200").equals(a.status())) {
            problems.add("status " + a.status() + ", wanted " + r.path("status").asText("200"));
        }
    }

    private void response(HttpAnswer a) {
        r.path("response").properties().forEach(h -> {
            String got = value(a.headers(), h.getKey());
            if (got == null || !bare(got).equals(bare(h.getValue().asText()))) {
                problems.add("answer's " + h.getKey() + " is " + got + ", wanted "
                        + h.getValue().asText());
            }
        });
        r.path("responseOneOf").properties().forEach(h -> {
            String got = value(a.headers(), h.getKey());
            boolean one = false;
            for (JsonNode v : h.getValue()) {
                one |= v.asText().equals(got);
            }
            if (!one) {
                problems.add("answer's " + h.getKey() + " is " + got + ", wanted one of " + h.getValue());
            }
        });
        for (JsonNode name : r.path("responseAbsent")) {
            String got = value(a.headers(), name.asText());
            if (got != null) {
                problems.add("answer has " + name.asText() + ": " + got);
            }
        }
        String location = r.path("location").asText("");
        if (!location.isEmpty() && !location.equals(value(a.headers(), "location"))) {
            problems.add("location " + value(a.headers(), "location") + ", wanted " + location);
        }
    }

    private void seen(JsonNode echo) {
        String backend = r.path("backend").asText("");
        if (!backend.isEmpty() && !echo.path("pod").asText().equals(backend + "-0")) {
            problems.add("answered by " + echo.path("pod").asText() + ", wanted " + backend);
        }
        if (r.path("location").isTextual() || r.has("grpcStatus")) {
            problems.add("a backend was reached: " + echo.path("pod").asText());
        }
        List<HttpHeader> got = new ArrayList<>();
        echo.path("headers")
                .forEach(h -> got.add(new HttpHeader(
                        h.get(0).asText().toLowerCase(Locale.ROOT), h.get(1).asText())));
        same("path", r.path("seenPath").asText(path(r)), echo.path("path").asText());
        String host = value(got, "host");
        same("host", r.path("seenHost").asText(host()), host == null ? value(got, ":authority") : host);
        same(
                "method",
                r.path("method").asText(grpc() ? "POST" : "GET"),
                echo.path("method").asText());
        if (r.has("seenProto")) {
            same("protocol", r.path("seenProto").asText(), echo.path("proto").asText());
        }
        r.path("seen").properties().forEach(h -> {
            String value = value(got, h.getKey());
            if (value == null || !bare(value).equals(bare(h.getValue().asText()))) {
                problems.add("the backend saw " + h.getKey() + ": " + value + ", wanted "
                        + h.getValue().asText());
            }
        });
        for (JsonNode name : r.path("absent")) {
            if (value(got, name.asText()) != null) {
                problems.add("the backend saw " + name.asText() + ": " + value(got, name.asText()));
            }
        }
    }

    private void same(String what, String wanted, @Nullable String got) {
        if (!wanted.equals(got)) {
            problems.add("the backend saw " + what + " " + got + ", wanted " + wanted);
        }
    }

    private void mirrored(String service) {
        try {
            Awaitility.await("a copy for " + service)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(5))
                    .until(() -> hits().containsKey(service));
        } catch (ConditionTimeoutException e) {
            problems.add("no copy reached " + service + ", only " + hits());
            return;
        }
        for (EchoRecords.Seen s : mesh.records().seen()) {
            if (s.pod().equals(service + "-0")) {
                List<HttpHeader> got = new ArrayList<>();
                s.headers().forEach(h -> got.add(new HttpHeader(h.name().toLowerCase(Locale.ROOT), h.value())));
                r.path("seen").properties().forEach(h -> {
                    if (!h.getValue().asText().equals(value(got, h.getKey()))) {
                        problems.add("the copy for " + service + " has " + h.getKey() + ": " + value(got, h.getKey()));
                    }
                });
            }
        }
    }

    private Map<String, Integer> hits() {
        Map<String, Integer> out = new HashMap<>();
        for (EchoRecords.Seen s : mesh.records().seen()) {
            out.merge(s.pod().substring(0, s.pod().length() - 2), 1, Integer::sum);
        }
        return out;
    }

    private void many(int count) throws IOException {
        Map<String, Integer> answered = new HashMap<>();
        try (HboneTestConnection connection = mesh.client().connect(tunnel())) {
            for (int i = 0; i < count; i++) {
                try (Tunnel t = connection.open(tunnel())) {
                    JsonNode echo = echo(ask(t));
                    String pod = echo == null ? "nobody" : echo.path("pod").asText();
                    answered.merge(pod.endsWith("-0") ? pod.substring(0, pod.length() - 2) : pod, 1, Integer::sum);
                }
            }
        }
        r.path("share")
                .properties()
                .forEach(s -> shared(
                        s.getKey(),
                        answered.getOrDefault(s.getKey(), 0),
                        count,
                        s.getValue().asDouble()));
        int listed = 0;
        for (Map.Entry<String, JsonNode> s : r.path("share").properties()) {
            listed += answered.getOrDefault(s.getKey(), 0);
        }
        if (listed != count) {
            problems.add("of " + count + " requests only " + listed + " were answered as wanted: " + answered);
        }
        r.path("mirrorShare").properties().forEach(s -> {
            // Copies are not waited for by the request; the last ones may still be on their way.
            int[] last = {-1};
            Awaitility.await("copies come to rest")
                    .pollInterval(Duration.ofMillis(150))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> last[0] == (last[0] = hits().getOrDefault(s.getKey(), 0)));
            shared(
                    s.getKey(),
                    hits().getOrDefault(s.getKey(), 0),
                    count,
                    s.getValue().asDouble());
        });
    }

    /** Within 4.5 standard deviations of the binomial distribution: chance alone fails once in 100,000 times. 0 and 1 are exact. */
    private void shared(String service, int got, int count, double share) {
        double deviation = Math.sqrt(count * share * (1 - share));
        if (Math.abs(got - count * share) > DEVIATIONS * deviation + 1e-9) {
            problems.add(service + " got " + got + " of " + count + ", wanted a share of " + share);
        }
    }

    private static @Nullable String value(List<HttpHeader> headers, String name) {
        String out = null;
        for (HttpHeader h : headers) {
            if (h.name().equalsIgnoreCase(name)) {
                out = out == null ? h.value() : out + "," + h.value();
            }
        }
        return out;
    }

    /** Lists are compared without the blanks behind their commas. */
    private static String bare(String list) {
        return list.replace(", ", ",");
    }

    private @Nullable JsonNode echo(HttpAnswer a) {
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

    private static String text(byte[] b) {
        String s = new String(b, StandardCharsets.ISO_8859_1);
        return s.substring(0, Math.min(120, s.length()));
    }
}
