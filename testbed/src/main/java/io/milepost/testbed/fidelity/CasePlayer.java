package io.milepost.testbed.fidelity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milepost.testbed.echo.EchoRecords;
import io.milepost.testbed.hbone.HttpHeader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Plays all requests of a case against the running waypoint, in order. */
final class CasePlayer {
    private static final Pattern ADDRESS = Pattern.compile("127\\.\\d+\\.\\d+\\.\\d+:[1-9]\\d{4}");

    private record Watched(ObjectNode result, FutureTask<Boolean> closed) {}

    private final FidelityWorld world;
    private final FidelityCase c;
    private final AccessLog log;
    private final List<Watched> watched = new ArrayList<>();

    CasePlayer(FidelityWorld world, FidelityCase c, AccessLog log) {
        this.world = world;
        this.c = c;
        this.log = log;
    }

    List<JsonNode> play() throws InterruptedException {
        List<JsonNode> results = new ArrayList<>();
        if (c.logs()) {
            log.rest(Duration.ofMillis(50));
        }
        for (int i = 0; i < c.requests().size(); i++) {
            results.add(play(c.requests().get(i), c.wanted().get(i)));
        }
        for (Watched w : watched) {
            try {
                w.result().put("closed", w.closed().get());
            } catch (ExecutionException e) {
                w.result().put("closed", String.valueOf(e.getCause()));
            }
        }
        return results;
    }

    private ObjectNode play(FidelityRequest r, JsonNode want) throws InterruptedException {
        world.records().clear();
        if (r.on("sleep")) {
            Settle.pause(Duration.ofMillis((long) (r.decimal("sleep", 0) * 1000)));
        }
        long at = log.size();
        long start = System.nanoTime();
        List<ObjectNode> outcomes = outcomes(r);
        double took = (System.nanoTime() - start) / 1e9;
        ObjectNode result = outcomes.size() == 1 ? outcomes.get(0) : summary(outcomes);
        result.put("name", r.name());
        if (r.on("took")) { // seconds, rounded to the grain given
            double grain = r.decimal("took", 1);
            result.put("took", Math.rint(took / grain) * grain);
        }
        if (r.on("hits")) {
            hits(want, result);
        }
        if (r.on("connects")) {
            result.set("connects", connects());
        }
        if (c.logs()) {
            if (r.repeat() == 1) {
                ArrayNode lines = result.putArray("log");
                log.linesSince(at, want.path("log").size()).forEach(lines::add);
            } else {
                log.rest(Duration.ofMillis(150));
            }
        }
        return result;
    }

    private List<ObjectNode> outcomes(FidelityRequest r) throws InterruptedException {
        List<ObjectNode> out = new ArrayList<>();
        RequestPlayer player = new RequestPlayer(world, r, !c.logs() && r.repeat() == 1);
        if (!r.on("parallel")) {
            for (int i = 0; i < r.repeat(); i++) {
                RequestPlayer.Played played = player.play();
                if (played.closed() != null) {
                    watched.add(new Watched(played.outcome(), played.closed()));
                }
                out.add(played.outcome());
            }
            return out;
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<RequestPlayer.Played>> all = new ArrayList<>();
            for (int i = 0; i < r.repeat(); i++) {
                all.add(threads.submit(player::play));
            }
            for (Future<RequestPlayer.Played> f : all) {
                out.add(f.get().outcome());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("the player failed on " + r.name(), e.getCause());
        }
        return out;
    }

    private static ObjectNode summary(List<ObjectNode> outcomes) {
        ObjectNode result = outcomes.get(0).deepCopy();
        Map<String, Integer> pods = new TreeMap<>();
        Map<String, Integer> statuses = new TreeMap<>();
        Set<JsonNode> requests = new HashSet<>();
        Set<JsonNode> responses = new HashSet<>();
        for (ObjectNode o : outcomes) {
            pods.merge(o.path("pod").asText("-"), 1, Integer::sum);
            statuses.merge(o.path("status").asText(), 1, Integer::sum);
            requests.add(o.path("request_headers"));
            responses.add(o.path("response_headers"));
        }
        result.set("pods", RequestPlayer.JSON.valueToTree(pods));
        result.set("statuses", RequestPlayer.JSON.valueToTree(statuses));
        result.remove(List.of("pod", "status", "body"));
        if (requests.size() > 1) {
            result.remove("request_headers");
        }
        if (responses.size() > 1) {
            result.remove("response_headers");
        }
        return result;
    }

    private void hits(JsonNode want, ObjectNode result) {
        int wanted = 0;
        for (JsonNode n : want.path("hits")) {
            wanted += n.asInt();
        }
        Settle.await(
                "the mirrored requests arrive",
                () -> world.records().seen().size(),
                wanted,
                Duration.ofMillis(60),
                Duration.ofMillis(400));
        Map<String, Integer> hits = new TreeMap<>();
        TreeSet<String> hosts = new TreeSet<>();
        for (EchoRecords.Seen s : world.records().seen()) {
            hits.merge(s.pod(), 1, Integer::sum);
            String host = last(s, "host");
            String authority = last(s, ":authority");
            hosts.add(host != null && !host.isEmpty() ? host : authority == null ? "" : authority);
        }
        result.set("hits", RequestPlayer.JSON.valueToTree(hits));
        result.set("hit_hosts", RequestPlayer.JSON.valueToTree(hosts));
    }

    private static @Nullable String last(EchoRecords.Seen seen, String name) {
        String found = null;
        for (EchoRecords.Header h : seen.headers()) {
            if (h.name().toLowerCase(Locale.ROOT).equals(name)) {
                found = h.value();
            }
        }
        return found;
    }

    /** The CONNECT requests that reached the pods' ztunnels (one per new tunnel). */
    private ArrayNode connects() {
        ArrayNode out = RequestPlayer.JSON.createArrayNode();
        for (EchoRecords.Connect x : world.records().connects()) {
            List<HttpHeader> headers = new ArrayList<>();
            for (EchoRecords.Header h : x.headers()) {
                if (!RequestPlayer.TRACE_HEADERS.contains(h.name())) {
                    headers.add(
                            new HttpHeader(h.name(), ADDRESS.matcher(h.value()).replaceAll("<addr>")));
                }
            }
            ObjectNode connect = out.addObject();
            connect.put("pod", x.pod());
            connect.set("peer", RequestPlayer.JSON.valueToTree(x.peer()));
            connect.set("headers", RequestPlayer.pairs(headers));
        }
        return out;
    }
}
