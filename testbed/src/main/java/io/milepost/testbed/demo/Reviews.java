package io.milepost.testbed.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Two reviews; v1 without stars, v2 with black and v3 with red ones, which it asks of ratings. */
final class Reviews extends BookinfoApp {
    private static final Map<String, String> TEXTS = Map.of(
            "Reviewer1", "An extremely entertaining play. The slapstick humour is refreshing!",
            "Reviewer2", "Absolutely fun and entertaining. The play lacks thematic depth when compared to others.");

    private final PodClient mesh;

    Reviews(Pod pod) throws IOException {
        super(pod, pod.appAddress());
        mesh = new PodClient(pod.socks());
    }

    @Override
    Answer answer(HttpExchange request) throws IOException {
        if (!request.getRequestURI().getPath().startsWith("/reviews")) {
            return Answer.json(404, Map.of("error", "reviews serves /reviews/{id}"));
        }
        JsonNode ratings = pod.version().equals("v1") ? JSON.createObjectNode() : ratings(request);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", "0");
        answer.put("podname", pod.name());
        answer.put("version", pod.version());
        answer.put("reviews", List.of(review("Reviewer1", ratings), review("Reviewer2", ratings)));
        return Answer.json(200, answer);
    }

    private JsonNode ratings(HttpExchange request) {
        try {
            Reply reply = mesh.send("GET", "ratings", Pod.APP_PORT, "/ratings/0", passedOn(request));
            if (reply.status() == 200) {
                return JSON.readTree(reply.body()).path("ratings");
            }
            return JSON.createObjectNode().put("error", "ratings answered " + reply.status());
        } catch (IOException e) {
            return JSON.createObjectNode().put("error", "ratings is unavailable: " + e.getMessage());
        }
    }

    private Map<String, Object> review(String reviewer, JsonNode ratings) {
        Map<String, Object> review = new LinkedHashMap<>();
        review.put("reviewer", reviewer);
        review.put("text", TEXTS.getOrDefault(reviewer, ""));
        if (ratings.has("error")) {
            review.put("rating", Map.of("error", ratings.path("error").asText()));
        } else if (ratings.has(reviewer)) {
            String color = pod.version().equals("v2") ? "black" : "red";
            review.put("rating", Map.of("stars", ratings.path(reviewer).asInt(), "color", color));
        }
        return review;
    }
}
