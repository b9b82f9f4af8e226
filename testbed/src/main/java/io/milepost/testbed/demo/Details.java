package io.milepost.testbed.demo;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The facts about the book, and which user-agent arrived: that is how the tour sees what the HTTPRoute did. */
final class Details extends BookinfoApp {
    Details(Pod pod) throws IOException {
        super(pod, pod.appAddress());
    }

    @Override
    Answer answer(HttpExchange request) throws IOException {
        if (!request.getRequestURI().getPath().startsWith("/details")) {
            return Answer.json(404, Map.of("error", "details serves /details/{id}"));
        }
        Map<String, Object> book = new LinkedHashMap<>();
        book.put("id", 0);
        book.put("author", "William Shakespeare");
        book.put("year", 1595);
        book.put("type", "paperback");
        book.put("pages", 200);
        book.put("publisher", "PublisherA");
        book.put("language", "English");
        book.put("pod", pod.name());
        book.put("userAgentSeen", header(request, "user-agent"));
        return Answer.json(200, book);
    }
}
