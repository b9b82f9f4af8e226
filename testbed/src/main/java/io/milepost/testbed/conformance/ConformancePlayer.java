package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.HboneTestConnection;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.Tunnel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Sends the requests of a table and compares strictly: also path and host that the backend saw, and Location, which the upstream mesh tests leave unread. */
public final class ConformancePlayer {
    private final ConformanceMesh mesh;
    private final ConformanceRequest request;
    private final JsonNode r;
    private final ConformanceChecks checks;

    private ConformancePlayer(ConformanceMesh mesh, JsonNode request) {
        this.mesh = mesh;
        this.request = new ConformanceRequest(request);
        this.r = request;
        this.checks = new ConformanceChecks(this.request);
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
            p.checks.problem("no answer: " + e);
        }
        return p.checks.problems();
    }

    private void one() throws IOException {
        try (Tunnel t = mesh.client().open(request.tunnel(mesh))) {
            HttpAnswer a = request.ask(t);
            if (r.has("upgrade")) {
                upgraded(t, a);
                return;
            }
            checks.status(a);
            checks.response(a);
            JsonNode echo = request.echo(a);
            if (echo == null) {
                if (r.has("backend")) {
                    checks.problem("wanted an answer of " + r.path("backend").asText() + ", got " + a.status() + " "
                            + text(a.body()));
                }
                return;
            }
            checks.seen(echo);
        }
        for (JsonNode service : r.path("mirrored")) {
            mirrored(service.asText());
        }
    }

    private void upgraded(Tunnel t, HttpAnswer a) throws IOException {
        if (!a.status().equals("101")) {
            checks.problem("wanted 101, got " + a.status() + " " + text(a.body()));
            return;
        }
        byte[] ping = "ping".getBytes(StandardCharsets.US_ASCII);
        t.send(ping);
        t.recvUntil(() -> t.received().size() >= ping.length);
        String back = text(t.received().takeAll());
        if (!back.equals("ping")) {
            checks.problem("wanted ping back over the upgraded connection, got " + back);
        }
    }

    private void mirrored(String service) {
        try {
            Awaitility.await("a copy for " + service)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(5))
                    .until(() -> hits().containsKey(service));
        } catch (ConditionTimeoutException e) {
            checks.problem("no copy reached " + service + ", only " + hits());
            return;
        }
        for (EchoRecords.Seen s : mesh.records().seen()) {
            if (s.pod().equals(service + "-0")) {
                checks.copy(service, s);
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
        try (HboneTestConnection connection = mesh.client().connect(request.tunnel(mesh))) {
            for (int i = 0; i < count; i++) {
                try (Tunnel t = connection.open(request.tunnel(mesh))) {
                    JsonNode echo = request.echo(request.ask(t));
                    String pod = echo == null ? "nobody" : echo.path("pod").asText();
                    answered.merge(pod.endsWith("-0") ? pod.substring(0, pod.length() - 2) : pod, 1, Integer::sum);
                }
            }
        }
        r.path("share")
                .properties()
                .forEach(s -> checks.shared(
                        s.getKey(),
                        answered.getOrDefault(s.getKey(), 0),
                        count,
                        s.getValue().asDouble()));
        int listed = 0;
        for (Map.Entry<String, JsonNode> s : r.path("share").properties()) {
            listed += answered.getOrDefault(s.getKey(), 0);
        }
        if (listed != count) {
            checks.problem("of " + count + " requests only " + listed + " were answered as wanted: " + answered);
        }
        r.path("mirrorShare").properties().forEach(s -> {
            // Copies are not waited for by the request; the last ones may still be on their way.
            int[] last = {-1};
            Awaitility.await("copies come to rest")
                    .pollInterval(Duration.ofMillis(150))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> last[0] == (last[0] = hits().getOrDefault(s.getKey(), 0)));
            checks.shared(
                    s.getKey(),
                    hits().getOrDefault(s.getKey(), 0),
                    count,
                    s.getValue().asDouble());
        });
    }

    private static String text(byte[] b) {
        String s = new String(b, StandardCharsets.ISO_8859_1);
        return s.substring(0, Math.min(120, s.length()));
    }
}
