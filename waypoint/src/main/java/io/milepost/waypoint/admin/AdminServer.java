package io.milepost.waypoint.admin;

import ch.qos.logback.classic.LoggerContext;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.util.BlockingTaskExecutor;
import com.linecorp.armeria.common.util.EventLoopGroups;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerPort;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.admin.AdminOptions.Listener;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the operators' ports from threads of its own: one event loop, two threads that may block. */
public final class AdminServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
    private static final int MAX_CONNECTIONS = 256;
    /** For the sockets; Armeria then waits two seconds for threads that nobody needs any more. */
    private static final int CLOSE_MILLIS = 300;

    private static final int MAX_REQUEST = 64 << 10;

    private final Map<InetSocketAddress, Listener> listeners = new HashMap<>();
    /** Ours and not Armeria's, which would wait for two quiet seconds at the end. */
    private final EventLoopGroup loop = EventLoopGroups.newEventLoopGroup(1, "admin", true);

    private final @Nullable Server server;

    /**
     * Binds and listens.
     *
     * @param ip the waypoint's address
     * @throws IllegalArgumentException when a port is taken or an address is not ours; names the option
     */
    public static AdminServer start(AdminOptions options, String ip, Operations operations) {
        LogLevels levels = new LogLevels((LoggerContext) LoggerFactory.getILoggerFactory());
        return new AdminServer(options.listeners(ip, operations, levels));
    }

    private AdminServer(List<Listener> all) {
        if (all.isEmpty()) {
            server = null;
            return;
        }
        ServerBuilder builder = Server.builder();
        for (Listener l : all) {
            listeners.put(l.address(), l);
            builder.port(new ServerPort(l.address(), SessionProtocol.HTTP));
        }
        server = builder.workerGroup(loop, false)
                .blockingTaskExecutor(
                        BlockingTaskExecutor.builder()
                                .numThreads(2)
                                .threadNamePrefix("admin-page")
                                .build(),
                        true)
                .maxNumConnections(MAX_CONNECTIONS)
                .maxRequestLength(MAX_REQUEST)
                .requestTimeout(Duration.ofSeconds(30))
                .idleTimeout(Duration.ofSeconds(60))
                .connectionDrainDurationMicros(0)
                .gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO)
                .disableServerHeader()
                .meterRegistry(new CompositeMeterRegistry())
                .service("prefix:/", this::serve)
                .build();
        try {
            server.start().join();
        } catch (CompletionException e) {
            close();
            throw new IllegalArgumentException(explain(all, e), e);
        }
    }

    /** Armeria does not say which of several ports failed. */
    private static String explain(List<Listener> all, CompletionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        for (Listener l : all) {
            try (ServerSocket probe = new ServerSocket()) {
                probe.bind(l.address());
            } catch (IOException taken) {
                return l.option() + " " + l.address().getPort() + ": cannot listen on "
                        + l.address().getAddress().getHostAddress() + " (" + taken.getMessage()
                        + "); choose another port, or 0 to do without";
            }
        }
        return "the admin, status and metrics ports cannot be opened: " + cause.getMessage();
    }

    /** The whole request is read first, bounded: an answer before it would leave the connection waiting for the rest. */
    private HttpResponse serve(ServiceRequestContext context, HttpRequest request) {
        return HttpResponse.of(
                request.aggregate().thenCompose(r -> answer(context, request)).thenApply(AdminServer::respond));
    }

    private CompletableFuture<Answer> answer(ServiceRequestContext context, HttpRequest request) {
        Listener l = listener(context.localAddress());
        if (l == null) {
            return CompletableFuture.completedFuture(Answer.notFound(request.path()));
        }
        if (l.localOnly() && !isLocal(request)) {
            return CompletableFuture.completedFuture(
                    Answer.text(403, "name the address or localhost as host, and not from another site\n"));
        }
        Question q = new Question(request.method().name(), context.path(), query(context));
        if (!q.isPost() && !q.method().equals("GET") && !q.method().equals("HEAD")) {
            return CompletableFuture.completedFuture(Answer.wrongMethod("GET or POST"));
        }
        if (l.site() instanceof StatusSite status) {
            // A probe must not wait behind a large page.
            return CompletableFuture.completedFuture(status.answer(q));
        }
        return CompletableFuture.supplyAsync(() -> answer(l.site(), q), context.blockingTaskExecutor());
    }

    private static Answer answer(Site site, Question q) {
        try {
            return site.answer(q);
        } catch (RuntimeException e) {
            log.error("{} {} failed", q.method(), q.path(), e);
            return Answer.text(500, "internal error, see the program's log: " + e + "\n");
        }
    }

    /** By the address that the connection came to, or the wildcard address of its port. */
    private @Nullable Listener listener(InetSocketAddress local) {
        Listener l = listeners.get(local);
        if (l != null) {
            return l;
        }
        for (Listener any : listeners.values()) {
            if (any.address().getPort() == local.getPort()
                    && any.address().getAddress().isAnyLocalAddress()) {
                return any;
            }
        }
        return null;
    }

    /** A page of another site must not reach the admin port through a browser on this machine (DNS rebinding, forms). */
    private static boolean isLocal(HttpRequest request) {
        String authority = request.headers().authority();
        if (authority == null || request.headers().contains(HttpHeaderNames.ORIGIN)) {
            return false;
        }
        String host = authority;
        int colon = host.lastIndexOf(':');
        if (host.startsWith("[")) {
            int end = host.indexOf(']');
            host = end < 0 ? "" : host.substring(1, end);
        } else if (colon >= 0) {
            host = host.substring(0, colon);
        }
        return host.equals("localhost") || IpAddress.parse(host).isPresent();
    }

    private static Map<String, String> query(ServiceRequestContext context) {
        Map<String, String> all = new LinkedHashMap<>();
        context.queryParams().forEach((name, value) -> all.putIfAbsent(name, value));
        return all;
    }

    private static HttpResponse respond(Answer a) {
        return HttpResponse.of(
                ResponseHeaders.builder(a.status())
                        .add(HttpHeaderNames.CONTENT_TYPE, a.contentType())
                        .add(HttpHeaderNames.CACHE_CONTROL, "no-cache")
                        .build(),
                HttpData.ofUtf8(a.body()));
    }

    /** Bound addresses. */
    public List<InetSocketAddress> addresses() {
        return List.copyOf(listeners.keySet());
    }

    @Override
    public void close() {
        Server s = server;
        if (s != null) {
            try {
                s.stop().get(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                log.debug("the sockets are closed; Armeria's accepting threads still wait for quiet", e);
            } catch (ExecutionException e) {
                log.warn("closing the operators' ports: {}", String.valueOf(e.getCause()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
