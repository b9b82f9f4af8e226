package io.milepost.testbed.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The page that a person looks at. It asks details and reviews through the mesh and shows who answered. */
final class ProductPage extends BookinfoApp {
    private final PodClient mesh;
    private final String template;

    /**
     * @param address the pod's own, or 127.0.0.1 for a browser
     */
    ProductPage(Pod pod, InetSocketAddress address) throws IOException {
        super(pod, address);
        mesh = new PodClient(pod.socks());
        try (InputStream in = ProductPage.class.getResourceAsStream("/demo/productpage.html")) {
            if (in == null) {
                throw new IOException("the resource /demo/productpage.html is missing from the class path");
            }
            template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    Answer answer(HttpExchange request) throws IOException {
        String path = request.getRequestURI().getPath();
        if (path.equals("/")) {
            request.getResponseHeaders().set("location", "/productpage");
            return new Answer(302, "text/plain", "");
        }
        if (!path.equals("/productpage")) {
            return new Answer(404, "text/plain", "productpage serves /productpage\n");
        }
        Map<String, String> headers = passedOn(request);
        headers.put("user-agent", header(request, "user-agent"));
        String page = template.replace("{{details}}", details(headers)).replace("{{reviews}}", reviews(headers));
        return new Answer(200, "text/html; charset=utf-8", page.replace("{{pod}}", escape(pod.name())));
    }

    private String details(Map<String, String> headers) {
        try {
            Reply reply = mesh.send("GET", "details", Pod.APP_PORT, "/details/0", headers);
            if (reply.status() != 200) {
                return sorry("details", reply);
            }
            JsonNode book = JSON.readTree(reply.body());
            StringBuilder rows = new StringBuilder("<dl>");
            for (Map.Entry<String, JsonNode> field : book.properties()) {
                rows.append("<dt>").append(escape(field.getKey())).append("</dt><dd>");
                rows.append(escape(field.getValue().asText())).append("</dd>");
            }
            return rows.append("</dl>").toString();
        } catch (IOException e) {
            return sorry("details", e);
        }
    }

    private String reviews(Map<String, String> headers) {
        try {
            Reply reply = mesh.send("GET", "reviews", Pod.APP_PORT, "/reviews/0", headers);
            if (reply.status() != 200) {
                return sorry("reviews", reply);
            }
            JsonNode answer = JSON.readTree(reply.body());
            StringBuilder html = new StringBuilder();
            for (JsonNode review : answer.path("reviews")) {
                html.append("<blockquote><p>").append(escape(review.path("text").asText()));
                html.append("</p>").append(stars(review.path("rating"))).append("<footer>");
                html.append(escape(review.path("reviewer").asText())).append("</footer></blockquote>");
            }
            html.append("<p class=\"who\">answered by <b>")
                    .append(escape(answer.path("podname").asText()));
            return html.append("</b></p>").toString();
        } catch (IOException e) {
            return sorry("reviews", e);
        }
    }

    private static String stars(JsonNode rating) {
        if (rating.has("error")) {
            return "<p class=\"sorry\">" + escape(rating.path("error").asText()) + "</p>";
        }
        if (!rating.has("stars")) {
            return "";
        }
        int stars = Math.clamp(rating.path("stars").asInt(), 0, 5);
        String color = rating.path("color").asText().equals("red") ? "red" : "black";
        return "<p class=\"stars " + color + "\">" + "\u2605".repeat(stars) + "\u2606".repeat(5 - stars) + "</p>";
    }

    private static String sorry(String service, Reply reply) {
        return "<p class=\"sorry\">" + service + " answered " + reply.status() + ": " + escape(reply.body()) + "</p>";
    }

    private static String sorry(String service, IOException e) {
        return "<p class=\"sorry\">" + service + " is unavailable: " + escape(String.valueOf(e.getMessage())) + "</p>";
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
