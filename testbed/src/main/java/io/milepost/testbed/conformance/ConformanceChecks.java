package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.HttpAnswer;
import io.milepost.testbed.hbone.HttpHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Compares what came of a request with what its table wants, and gathers what is not as it must be. */
final class ConformanceChecks {
    private static final double DEVIATIONS = 4.5;

    private final ConformanceRequest request;
    private final JsonNode r;
    private final List<String> problems = new ArrayList<>();

    ConformanceChecks(ConformanceRequest request) {
        this.request = request;
        this.r = request.r();
    }

    List<String> problems() {
        return problems;
    }

    void problem(String text) {
        problems.add(text);
    }

    void status(HttpAnswer a) {
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

    void response(HttpAnswer a) {
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

    void seen(JsonNode echo) {
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
        same(
                "path",
                r.path("seenPath").asText(request.path()),
                echo.path("path").asText());
        String host = value(got, "host");
        same("host", r.path("seenHost").asText(request.host()), host == null ? value(got, ":authority") : host);
        same("method", request.method(), echo.path("method").asText());
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

    /** The copy of a mirrored request. */
    void copy(String service, EchoRecords.Seen s) {
        List<HttpHeader> got = new ArrayList<>();
        s.headers().forEach(h -> got.add(new HttpHeader(h.name().toLowerCase(Locale.ROOT), h.value())));
        r.path("seen").properties().forEach(h -> {
            if (!h.getValue().asText().equals(value(got, h.getKey()))) {
                problems.add("the copy for " + service + " has " + h.getKey() + ": " + value(got, h.getKey()));
            }
        });
    }

    /** Within 4.5 standard deviations of the binomial distribution: chance alone fails once in 100,000 times. 0 and 1 are exact. */
    void shared(String service, int got, int count, double share) {
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
}
