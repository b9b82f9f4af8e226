package io.milepost.testbed.demo;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Map;

/** Stars by reviewer. */
final class Ratings extends BookinfoApp {
    Ratings(Pod pod) throws IOException {
        super(pod, pod.appAddress());
    }

    @Override
    Answer answer(HttpExchange request) throws IOException {
        if (!request.getRequestURI().getPath().startsWith("/ratings")) {
            return Answer.json(404, Map.of("error", "ratings serves /ratings/{id}"));
        }
        return Answer.json(200, Map.of("id", 0, "ratings", Map.of("Reviewer1", 5, "Reviewer2", 4)));
    }
}
