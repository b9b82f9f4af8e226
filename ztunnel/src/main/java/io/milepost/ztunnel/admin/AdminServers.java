package io.milepost.ztunnel.admin;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.milepost.mesh.IpAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.LoggerFactory;

/**
 * 15000 (configuration, log level, end), 15020 (metrics) and 15021 (readiness), as ztunnel has them. Their threads have
 * nothing to do with the data path.
 */
public final class AdminServers implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private final Node ztunnel;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<HttpServer> servers = new ArrayList<>();
    private volatile Runnable quit = () -> {};

    /** Listens; 0 chooses a port. */
    public static AdminServers start(Node ztunnel, IpAddress address, int adminPort, int statsPort, int readinessPort)
            throws IOException {
        AdminServers admin = new AdminServers(ztunnel);
        try {
            HttpServer readiness = admin.listen(address, readinessPort);
            readiness.createContext("/healthz/ready", admin::ready);
            HttpServer stats = admin.listen(address, statsPort);
            stats.createContext("/metrics", admin::metrics);
            stats.createContext("/stats/prometheus", admin::metrics);
            HttpServer pages = admin.listen(address, adminPort);
            pages.createContext("/config_dump", admin::configDump);
            pages.createContext("/logging", admin::logging);
            pages.createContext("/quitquitquit", admin::quit);
            pages.createContext("/", admin::index);
            admin.servers.forEach(HttpServer::start);
            return admin;
        } catch (IOException e) {
            admin.close();
            throw e;
        }
    }

    private AdminServers(Node ztunnel) {
        this.ztunnel = ztunnel;
    }

    private HttpServer listen(IpAddress address, int port) throws IOException {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(address.toInetAddress(), port), 0);
            server.setExecutor(threads);
            servers.add(server);
            return server;
        } catch (IOException e) {
            throw new IOException(
                    "failed to bind to address " + address + ":" + port + ": " + e.getMessage()
                            + " (choose others with --admin-ip, --admin-port, --stats-port, --readiness-port)",
                    e);
        }
    }

    /** Of readiness, metrics and admin, in this order. */
    public List<InetSocketAddress> addresses() {
        return servers.stream().map(HttpServer::getAddress).toList();
    }

    /** What {@code POST /quitquitquit} does. */
    public void onQuit(Runnable action) {
        quit = action;
    }

    /** At the beginning of the end. */
    public void closeReadiness() {
        servers.getFirst().stop(0);
    }

    private void ready(HttpExchange x) throws IOException {
        if (!x.getRequestMethod().equals("GET")) {
            answer(x, 405, TEXT, "");
            return;
        }
        Set<String> pending = new TreeSet<>(ztunnel.pending());
        if (pending.isEmpty()) {
            answer(x, 200, TEXT, "ready\n");
        } else {
            answer(x, 500, TEXT, "not ready, pending: " + String.join(", ", pending) + "\n");
        }
    }

    private void metrics(HttpExchange x) throws IOException {
        StringBuilder body = new StringBuilder(8 << 10);
        ztunnel.metrics().scrape(body);
        String accept = x.getRequestHeaders().getFirst("accept");
        boolean open = accept != null && accept.contains("application/openmetrics-text");
        answer(x, 200, open ? OPEN_METRICS : TEXT, body.toString());
    }

    private void configDump(HttpExchange x) throws IOException {
        answer(x, 200, "application/json", ConfigDump.of(ztunnel));
    }

    /** {@code POST /logging?level=debug}. */
    private void logging(HttpExchange x) throws IOException {
        if (!x.getRequestMethod().equals("POST")) {
            answer(x, 405, TEXT, "use POST /logging?level=info\n");
            return;
        }
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        String query = x.getRequestURI().getQuery();
        if (query != null && query.startsWith("level=")) {
            Level level = Level.toLevel(query.substring("level=".length()), null);
            if (level == null) {
                answer(x, 400, TEXT, "level is one of off, error, warn, info, debug, trace\n");
                return;
            }
            root.setLevel(level);
        }
        answer(x, 200, TEXT, "current log level is " + root.getLevel() + "\n");
    }

    private void quit(HttpExchange x) throws IOException {
        if (!x.getRequestMethod().equals("POST")) {
            answer(x, 405, TEXT, "use POST /quitquitquit\n");
            return;
        }
        answer(x, 200, TEXT, "shutdown now\n");
        quit.run();
    }

    private void index(HttpExchange x) throws IOException {
        boolean root = x.getRequestURI().getPath().equals("/");
        answer(
                x,
                root ? 200 : 404,
                TEXT,
                root
                        ? "GET /config_dump\nPOST /logging?level=LEVEL\nPOST /quitquitquit\n"
                        : "no such page; / lists them\n");
    }

    private static void answer(HttpExchange x, int status, String type, String text) throws IOException {
        try (x) {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            x.getResponseHeaders().set("content-type", type);
            x.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                try (OutputStream out = x.getResponseBody()) {
                    out.write(body);
                }
            }
        }
    }

    @Override
    public void close() {
        servers.forEach(s -> s.stop(0));
        threads.shutdownNow();
    }
}
