package io.milepost.testbed.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** One Bookinfo pod's application: a plain HTTP server on the pod's own address that has never heard of a mesh. */
abstract class BookinfoApp implements MeshProcess {
    static final ObjectMapper JSON = new ObjectMapper();

    /** What tracing needs an application to pass on. */
    private static final List<String> PASSED_ON = List.of("x-request-id", "traceparent", "tracestate", "baggage");

    final Pod pod;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    BookinfoApp(Pod pod, InetSocketAddress address) throws IOException {
        this.pod = pod;
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new IOException(
                    pod.name() + " cannot listen on " + address.getAddress().getHostAddress() + ":" + address.getPort()
                            + ": " + e.getMessage() + " (is another demo running?)",
                    e);
        }
        server.setExecutor(threads);
    }

    /** The application that belongs into the pod; null for a pod that only calls others. */
    static @org.jspecify.annotations.Nullable BookinfoApp of(Pod pod) throws IOException {
        return switch (pod.app()) {
            case "details" -> new Details(pod);
            case "ratings" -> new Ratings(pod);
            case "reviews" -> new Reviews(pod);
            case "productpage" -> new ProductPage(pod, pod.appAddress());
            default -> null;
        };
    }

    /** Answers one request. */
    abstract Answer answer(HttpExchange request) throws IOException;

    final void start() {
        server.createContext("/", this::serve);
        server.start();
    }

    final InetSocketAddress address() {
        return server.getAddress();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            Answer answer;
            try {
                answer = answer(exchange);
            } catch (IOException e) {
                answer = Answer.json(502, Map.of("error", String.valueOf(e.getMessage()), "pod", pod.name()));
            }
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", answer.type());
            exchange.getResponseHeaders().set("x-served-by", pod.shortName());
            boolean bodiless = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(answer.status(), bodiless || body.length == 0 ? -1 : body.length);
            if (!bodiless) {
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(body);
                }
            }
        }
    }

    /** Headers of the incoming request that belong on the calls made for it. */
    static Map<String, String> passedOn(HttpExchange request) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (String name : PASSED_ON) {
            String value = request.getRequestHeaders().getFirst(name);
            if (value != null) {
                headers.put(name, value);
            }
        }
        return headers;
    }

    static String header(HttpExchange request, String name) {
        String value = request.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    @Override
    public final void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    @Override
    public String describe() {
        InetSocketAddress a = address();
        return pod.shortName() + " on " + a.getAddress().getHostAddress() + ":" + a.getPort();
    }

    record Answer(int status, String type, String body) {
        static Answer json(int status, Object value) throws IOException {
            return new Answer(status, "application/json", JSON.writeValueAsString(value) + "\n");
        }
    }
}
