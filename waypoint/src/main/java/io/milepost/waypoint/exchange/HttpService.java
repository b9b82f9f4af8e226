package io.milepost.waypoint.exchange;

import io.milepost.filters.CorsHttpFilter;
import io.milepost.filters.FaultHttpFilter;
import io.milepost.filters.HttpFilter;
import io.milepost.filters.RbacHttpFilter;
import io.milepost.filters.RouteMatcher;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.HttpChain;
import io.milepost.policy.CompiledPolicies;
import io.milepost.telemetry.LogContext;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.DownstreamStream;
import io.milepost.waypoint.codec.ExchangeFactory;
import io.milepost.waypoint.codec.ExchangeHandler;
import io.netty.util.AsciiString;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** An {@link HttpChain}, compiled: routes, policies, logs. Immutable, shared by all event loops. */
public final class HttpService {
    private static final Map<String, Integer> FLAGS = Map.ofEntries(
            Map.entry("UH", ResponseFlags.NO_HEALTHY_UPSTREAM),
            Map.entry("UF", ResponseFlags.UPSTREAM_CONNECTION_FAILURE),
            Map.entry("UC", ResponseFlags.UPSTREAM_CONNECTION_TERMINATION),
            Map.entry("UR", ResponseFlags.UPSTREAM_REMOTE_RESET),
            Map.entry("UO", ResponseFlags.UPSTREAM_OVERFLOW),
            Map.entry("UT", ResponseFlags.UPSTREAM_REQUEST_TIMEOUT),
            Map.entry("UPE", ResponseFlags.UPSTREAM_PROTOCOL_ERROR),
            Map.entry("URX", ResponseFlags.UPSTREAM_RETRY_LIMIT_EXCEEDED),
            Map.entry("NR", ResponseFlags.NO_ROUTE_FOUND),
            Map.entry("DF", ResponseFlags.DNS_FAILURE),
            Map.entry("NC", ResponseFlags.NO_CLUSTER_FOUND),
            Map.entry("OM", ResponseFlags.OVERLOAD_MANAGER),
            Map.entry("FI", ResponseFlags.FAULT_INJECTED),
            Map.entry("DI", ResponseFlags.DELAY_INJECTED));

    private final HttpChain chain;
    private final RouteMatcher routes;
    private final Map<String, RouteMatcher> consumerRoutes;
    private final HttpFilter[] filters;
    private final LogSink log;
    private final AsciiString serverName;

    /** Takes what a finished exchange tells. */
    @FunctionalInterface
    public interface LogSink {
        void log(LogContext context);
    }

    public HttpService(HttpChain chain, LogSink log) {
        this.chain = chain;
        this.routes = RouteMatcher.compile(chain.routes());
        Map<String, RouteMatcher> consumers = new HashMap<>();
        chain.consumerRoutes().forEach((namespace, table) -> consumers.put(namespace, RouteMatcher.compile(table)));
        this.consumerRoutes = Map.copyOf(consumers);
        this.filters = new HttpFilter[] {
            new RbacHttpFilter(CompiledPolicies.compile(chain.policies())),
            new UpgradeHttpFilter(),
            new FaultHttpFilter(),
            new CorsHttpFilter()
        };
        this.log = log;
        this.serverName = new AsciiString(chain.http().serverName());
    }

    public HttpChain chain() {
        return chain;
    }

    /** The routes for a client: those of its namespace, if it has consumer routes. */
    RouteMatcher routes(ClientConnection client) {
        if (consumerRoutes.isEmpty()) {
            return routes;
        }
        RouteMatcher own = consumerRoutes.get(client.namespace());
        return own == null ? routes : own;
    }

    /** In the order in which a request passes them. */
    HttpFilter[] filters() {
        return filters;
    }

    AsciiString serverName() {
        return serverName;
    }

    void log(LogContext context) {
        log.log(context);
    }

    static int flagOf(String shortName) {
        return FLAGS.getOrDefault(shortName, 0);
    }

    static int flagsOf(String list) {
        if (list.isEmpty()) {
            return 0;
        }
        int flags = 0;
        for (String f : list.split(",", -1)) {
            flags |= flagOf(f);
        }
        return flags;
    }

    /** Exchanges of one client tunnel. */
    public ExchangeFactory exchanges(ClientConnection client, WorkerContext worker, BooleanSupplier draining) {
        return new ExchangeFactory() {
            @Override
            public ExchangeHandler begin(RequestHead head, boolean end, boolean upgrade, DownstreamStream stream) {
                Exchange e = new Exchange(HttpService.this, worker, client, head, end, upgrade, stream);
                e.start();
                return e;
            }

            @Override
            public void refused(BadMessageException e, long bytes) {
                log.log(new Refused(client, e, bytes));
            }

            @Override
            public boolean draining() {
                return draining.getAsBoolean();
            }
        };
    }

    /** The log's view of a message that the codec refused. */
    private static final class Refused extends NotServed {
        private final BadMessageException problem;
        private final long bytes;
        private final ResponseHead head;

        Refused(ClientConnection client, BadMessageException problem, long bytes) {
            super(client);
            this.problem = problem;
            this.bytes = bytes;
            this.head = new ResponseHead(problem.status(), new Headers(1).add(HeaderName.CONNECTION, "close"));
        }

        @Override
        public boolean tcp() {
            return false;
        }

        @Override
        public long bytesSent() {
            return bytes;
        }

        @Override
        public int responseFlags() {
            String d = problem.details();
            return d.startsWith("http1.codec") || d.equals("low_version") ? ResponseFlags.DOWNSTREAM_PROTOCOL_ERROR : 0;
        }

        @Override
        public @Nullable RequestHead request() {
            return problem.request();
        }

        @Override
        public boolean hasHost() {
            return !problem.details().equals("missing_host_header");
        }

        @Override
        public RequestHead.Protocol protocol() {
            return RequestHead.Protocol.HTTP_1_1;
        }

        @Override
        public ResponseHead response() {
            return head;
        }

        @Override
        public CharSequence responseCodeDetails() {
            return problem.details();
        }
    }
}
