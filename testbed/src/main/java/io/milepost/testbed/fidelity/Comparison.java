package io.milepost.testbed.fidelity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What counts as the same outcome, as the recording tool compares it. */
public final class Comparison {
    private static final Set<String> IGNORED_RESPONSE_HEADERS = Set.of("x-envoy-decorator-operation");
    private static final List<String> EQUAL = List.of(
            "echo_port",
            "echo_proto",
            "echo_method",
            "echo_path",
            "echo_body",
            "echo_trailers",
            "body",
            "trailers",
            "hits",
            "hit_hosts",
            "took",
            "then",
            "after",
            "closed",
            "connects");

    private final FidelityRequest r;
    private final JsonNode want;
    private final JsonNode got;
    private final boolean hboneRun;
    private final List<String> bad = new ArrayList<>();

    private Comparison(FidelityRequest request, JsonNode want, JsonNode got, boolean hboneRun) {
        this.r = request;
        this.want = want;
        this.got = got;
        this.hboneRun = hboneRun;
    }

    /** What differs between a wanted and a played outcome; empty if nothing does. */
    public static List<String> differences(FidelityRequest request, JsonNode want, JsonNode got, boolean hboneRun) {
        Comparison c = new Comparison(request, want, got, hboneRun);
        if (want.has("statuses")) {
            c.many();
        } else {
            c.single();
        }
        c.headers("request_headers", Set.of());
        c.headers("response_headers", IGNORED_RESPONSE_HEADERS);
        c.hitShares();
        c.log();
        return c.bad;
    }

    private void many() {
        JsonNode wanted = want.get("statuses");
        JsonNode statuses = got.path("statuses");
        boolean same = r.on("stateful") ? same(wanted, statuses) : names(wanted).equals(names(statuses));
        if (!same) {
            bad.add("statuses " + wanted + " != " + statuses);
        }
        int n = 0;
        for (JsonNode count : wanted) {
            n += count.asInt();
        }
        JsonNode pods = want.path("pods");
        if (!names(pods).containsAll(names(got.path("pods")))) {
            bad.add("pods " + pods + " != " + got.path("pods"));
        }
        Map<String, Object> shares = r.map("share");
        for (String pod : names(pods)) {
            if (shares.get(pod) instanceof Number p) {
                int count = got.path("pods").path(pod).asInt(0);
                if (unlikely(count, n, p.doubleValue())) {
                    bad.add("share of " + pod + ": " + count + "/" + n + ", wanted " + p);
                }
            }
        }
    }

    private void single() {
        if (!want.path("status").asText().equals(got.path("status").asText())) {
            String body = got.path("body").asText();
            bad.add("status " + want.path("status").asText() + " != "
                    + got.path("status").asText() + " " + got.path("why").asText()
                    + body.substring(0, Math.min(80, body.length())));
        }
        if (want.path("status").asText().equals("tcp")
                && !r.on("anypod")
                && !want.path("bytes").asText().equals(got.path("bytes").asText())) {
            bad.add("bytes " + want.path("bytes") + " != " + got.path("bytes"));
        }
        if (want.has("pod") && got.has("pod")) {
            String a = want.get("pod").asText();
            String b = got.get("pod").asText();
            if (!(r.on("anypod") ? workloadSet(a).equals(workloadSet(b)) : a.equals(b))) {
                bad.add("pod " + a + " != " + b);
            }
        }
        // how a CONNECT was refused: by a status, or by ending the stream or connection (GOAWAY, reset and close are
        // one class)
        if (r.on("why") && !refusal(want).equals(refusal(got))) {
            bad.add("refused with " + want.path("why") + " != " + got.path("why"));
        }
        for (String k : EQUAL) {
            if (want.has(k) && !same(want.get(k), got.path(k)) && !(k.equals("hits") && r.on("anypod"))) {
                bad.add(k + " " + want.get(k) + " != " + got.path(k));
            }
        }
    }

    private static String refusal(JsonNode outcome) {
        String why = outcome.path("why").asText();
        return !why.isEmpty() && why.chars().allMatch(Character::isDigit) ? why : "ended";
    }

    /** reviews-v1-0 is of workload set reviews. */
    private static String workloadSet(String pod) {
        String s = pod;
        for (int i = 0; i < 2; i++) {
            int dash = s.lastIndexOf('-');
            s = dash < 0 ? s : s.substring(0, dash);
        }
        return s;
    }

    private void headers(String key, Set<String> ignored) {
        if (!want.has(key) || !got.has(key)) {
            return;
        }
        List<String> w = flat(want.get(key), ignored);
        List<String> g = flat(got.get(key), ignored);
        if (!w.equals(g)) {
            List<String> missing = new ArrayList<>(w);
            missing.removeIf(g::contains);
            List<String> extra = new ArrayList<>(g);
            extra.removeIf(w::contains);
            bad.add(key + ": missing " + missing + " extra " + extra);
        }
    }

    private static List<String> flat(JsonNode pairs, Set<String> ignored) {
        List<String> out = new ArrayList<>();
        for (JsonNode p : pairs) {
            if (!ignored.contains(p.path(0).asText())) {
                out.add(p.path(0).asText() + ": " + p.path(1).asText());
            }
        }
        out.sort(null);
        return out;
    }

    /** How many of the repeated requests should reach a pod, as a probability. */
    private void hitShares() {
        r.map("hitshare").forEach((pod, p) -> {
            int n = r.repeat();
            int count = got.path("hits").path(pod).asInt(0);
            if (p instanceof Number share && unlikely(count, n, share.doubleValue())) {
                bad.add("hits of " + pod + ": " + count + "/" + n + ", wanted " + p);
            }
        });
    }

    /** Beyond 4.5 standard deviations of the binomial distribution: chance alone does that once in 100,000 times. */
    static boolean unlikely(int count, int n, double p) {
        return Math.abs(count - n * p) > 4.5 * Math.sqrt(n * p * (1 - p)) + 1;
    }

    private void log() {
        if (want.has("log") && !lines(want.get("log")).equals(lines(got.path("log")))) {
            bad.add("log " + want.get("log") + " != " + got.path("log"));
        }
    }

    /** The lines of one request come in either order. */
    private List<String> lines(JsonNode log) {
        List<String> out = new ArrayList<>();
        log.forEach(l -> out.add(LogMask.anonymous(l.asText(), hboneRun, r.on("anypod"))));
        out.sort(null);
        return out;
    }

    private static Set<String> names(JsonNode object) {
        Set<String> out = new HashSet<>();
        object.fieldNames().forEachRemaining(out::add);
        return out;
    }

    /** Equal, with 1 and 1.0 being the same number. */
    static boolean same(JsonNode a, JsonNode b) {
        if (a.isNumber() && b.isNumber()) {
            return Math.abs(a.asDouble() - b.asDouble()) < 1e-9;
        }
        if (a.isArray() && b.isArray() && a.size() == b.size()) {
            Iterator<JsonNode> other = b.elements();
            for (JsonNode x : a) {
                if (!same(x, other.next())) {
                    return false;
                }
            }
            return true;
        }
        if (a.isObject() && b.isObject() && names(a).equals(names(b))) {
            for (String k : names(a)) {
                if (!same(a.get(k), b.get(k))) {
                    return false;
                }
            }
            return true;
        }
        return a.equals(b);
    }
}
