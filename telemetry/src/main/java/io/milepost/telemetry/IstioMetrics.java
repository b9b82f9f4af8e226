package io.milepost.telemetry;

import io.milepost.telemetry.Labels.Edge;
import io.milepost.telemetry.Labels.Peer;
import io.netty.util.collection.LongObjectHashMap;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Istio's standard metrics as a waypoint reports them.
 *
 * <p>{@link #edge} finds the counters of a (client, endpoint, service), {@link EdgeMetrics#http} those of (protocol,
 * code, gRPC status, flags) below it by a packed number: a request costs two lookups and no garbage, and label texts
 * are rendered once per series. The number of series is bounded: what comes beyond is counted in one series whose
 * labels say {@code overflow}.
 */
public final class IstioMetrics {
    public static final String WAYPOINT = "waypoint";
    public static final int DEFAULT_SERIES_MAX = 20_000;

    private static final String OVERFLOW = "overflow";

    private final String reporter;
    private final String version;
    private final int seriesMax;
    private final Map<Edge, EdgeMetrics> edges = new ConcurrentHashMap<>();
    private final AtomicInteger series = new AtomicInteger();
    private final LongAdder overflows = new LongAdder();
    private final HttpSeries httpOverflow;
    private final TcpSeries tcpOverflow;
    private final EdgeMetrics overflowEdge;

    /** @param istioVersion printed as tag of {@code istio_build}; empty is unknown */
    public IstioMetrics(String istioVersion) {
        this(WAYPOINT, istioVersion, DEFAULT_SERIES_MAX);
    }

    public IstioMetrics(String reporter, String istioVersion, int seriesMax) {
        this.reporter = reporter;
        this.version = istioVersion.isEmpty() ? Labels.UNKNOWN : istioVersion;
        this.seriesMax = seriesMax;
        Peer p = new Peer(OVERFLOW, OVERFLOW, OVERFLOW, OVERFLOW, OVERFLOW, OVERFLOW, OVERFLOW, OVERFLOW, "", "");
        Edge e = new Edge(p, p, new Labels.Service(OVERFLOW, OVERFLOW, OVERFLOW), false);
        httpOverflow = new HttpSeries(labels(e, "http", OVERFLOW, "", OVERFLOW));
        tcpOverflow = new TcpSeries(labels(e, "tcp", null, "", OVERFLOW));
        overflowEdge = new EdgeMetrics(e, true);
    }

    /** The metrics between a client and an endpoint; worth keeping with the connection. */
    public EdgeMetrics edge(Edge edge) {
        EdgeMetrics m = edges.get(edge);
        if (m != null) {
            return m;
        }
        if (edges.size() >= seriesMax) {
            return overflowEdge;
        }
        return edges.computeIfAbsent(edge, e -> new EdgeMetrics(e, false));
    }

    /** Forgets all series of edges that the condition names: endpoints and clients that are gone. */
    public void forget(java.util.function.Predicate<Edge> gone) {
        edges.entrySet().removeIf(e -> {
            if (!gone.test(e.getKey())) {
                return false;
            }
            series.addAndGet(-e.getValue().size());
            return true;
        });
    }

    /** Metrics between one client and one endpoint of one service. */
    public final class EdgeMetrics {
        private final Edge edge;
        private final boolean overflow;
        /** Replaced as a whole when a series is added, so that readers need no lock. */
        private volatile LongObjectHashMap<HttpSeries> http = new LongObjectHashMap<>(2);

        private volatile Map<Integer, TcpSeries> tcp = Map.of();

        private EdgeMetrics(Edge edge, boolean overflow) {
            this.edge = edge;
            this.overflow = overflow;
        }

        /**
         * @param grpcStatus negative when there is none
         * @param flags set of {@link ResponseFlags}
         */
        public HttpSeries http(boolean grpc, int code, int grpcStatus, int flags) {
            int status = grpcStatus < 0 || grpcStatus > 254 ? 255 : grpcStatus;
            long key = (long) flags << 32 | (long) (code & 0xFFFF) << 16 | (long) status << 1 | (grpc ? 1 : 0);
            HttpSeries s = http.get(key);
            return s != null ? s : newHttp(key, grpc, code, status, flags);
        }

        private synchronized HttpSeries newHttp(long key, boolean grpc, int code, int status, int flags) {
            HttpSeries s = http.get(key);
            if (s != null) {
                return s;
            }
            if (overflow || !admit()) {
                overflows.increment();
                return httpOverflow;
            }
            String grpcStatus = grpc && status != 255 ? Integer.toString(status) : "";
            s = new HttpSeries(labels(
                    edge,
                    grpc ? "grpc" : "http",
                    Integer.toString(code),
                    grpcStatus,
                    ResponseFlags.text(flags, false)));
            LongObjectHashMap<HttpSeries> more = new LongObjectHashMap<>(http.size() * 2 + 2);
            more.putAll(http);
            more.put(key, s);
            http = more;
            return s;
        }

        /** @param flags set of {@link ResponseFlags}; 0 for connections that are open */
        public TcpSeries tcp(int flags) {
            TcpSeries s = tcp.get(flags);
            return s != null ? s : newTcp(flags);
        }

        private synchronized TcpSeries newTcp(int flags) {
            TcpSeries s = tcp.get(flags);
            if (s != null) {
                return s;
            }
            if (overflow || !admit()) {
                overflows.increment();
                return tcpOverflow;
            }
            s = new TcpSeries(labels(edge, "tcp", null, "", ResponseFlags.text(flags, true)));
            Map<Integer, TcpSeries> more = new java.util.HashMap<>(tcp);
            more.put(flags, s);
            tcp = Map.copyOf(more);
            return s;
        }

        private int size() {
            return http.size() + tcp.size();
        }
    }

    private boolean admit() {
        if (series.incrementAndGet() <= seriesMax) {
            return true;
        }
        series.decrementAndGet();
        return false;
    }

    /** @param code null for TCP, which has neither code nor gRPC status */
    private String labels(Edge e, String protocol, @Nullable String code, String grpcStatus, String flags) {
        StringBuilder s = new StringBuilder(900);
        Labels.append(s, "reporter", reporter);
        Labels.append(s, "source_workload", e.source().workload());
        Labels.append(s, "source_canonical_service", e.source().canonicalService());
        Labels.append(s, "source_canonical_revision", e.source().canonicalRevision());
        Labels.append(s, "source_workload_namespace", e.source().namespace());
        Labels.append(s, "source_principal", e.source().principal());
        Labels.append(s, "source_app", e.source().app());
        Labels.append(s, "source_version", e.source().version());
        Labels.append(s, "source_cluster", e.source().cluster());
        Labels.append(s, "destination_workload", e.destination().workload());
        Labels.append(s, "destination_workload_namespace", e.destination().namespace());
        Labels.append(s, "destination_principal", e.destination().principal());
        Labels.append(s, "destination_app", e.destination().app());
        Labels.append(s, "destination_version", e.destination().version());
        Labels.append(s, "destination_service", e.service().host());
        Labels.append(s, "destination_canonical_service", e.destination().canonicalService());
        Labels.append(s, "destination_canonical_revision", e.destination().canonicalRevision());
        Labels.append(s, "destination_service_name", e.service().name());
        Labels.append(s, "destination_service_namespace", e.service().namespace());
        Labels.append(s, "destination_cluster", e.destination().cluster());
        Labels.append(s, "request_protocol", protocol);
        if (code != null) {
            Labels.append(s, "response_code", code);
            Labels.append(s, "grpc_response_status", grpcStatus);
        }
        Labels.append(s, "response_flags", flags);
        Labels.append(s, "connection_security_policy", e.mutualTls() ? "mutual_tls" : "none");
        return s.toString();
    }

    /** Prometheus's text format: these metrics, then what the supplier adds (a registry's own text). */
    public void scrape(Appendable out, Supplier<String> more) throws IOException {
        scrape(out);
        out.append(more.get());
    }

    public void scrape(Appendable out) throws IOException {
        http(out, "istio_requests_total", s -> s.requests.sum());
        histogram(out, "istio_request_duration_milliseconds", s -> s.duration);
        histogram(out, "istio_request_bytes", s -> s.requestBytes);
        histogram(out, "istio_response_bytes", s -> s.responseBytes);
        tcp(out, "istio_tcp_connections_opened_total", s -> s.opened.sum());
        tcp(out, "istio_tcp_connections_closed_total", s -> s.closed.sum());
        tcp(out, "istio_tcp_sent_bytes_total", s -> s.sent.sum());
        tcp(out, "istio_tcp_received_bytes_total", s -> s.received.sum());
        out.append("# TYPE istio_build gauge\nistio_build{component=\"proxy\",tag=\"" + version + "\"} 1\n");
        out.append("# TYPE milepost_metrics_series gauge\nmilepost_metrics_series " + series.get() + "\n");
        out.append("# TYPE milepost_metrics_series_overflow_total counter\nmilepost_metrics_series_overflow_total "
                + overflows.sum() + "\n");
    }

    private interface HistogramOf {
        Histogram of(HttpSeries s);
    }

    private void http(Appendable out, String name, ToLongFunction<HttpSeries> value) throws IOException {
        out.append("# TYPE ").append(name).append(" counter\n");
        for (EdgeMetrics e : edges.values()) {
            for (HttpSeries s : e.http.values()) {
                line(out, name, s.labels, value.applyAsLong(s));
            }
        }
        if (value.applyAsLong(httpOverflow) > 0) {
            line(out, name, httpOverflow.labels, value.applyAsLong(httpOverflow));
        }
    }

    private void histogram(Appendable out, String name, HistogramOf of) throws IOException {
        out.append("# TYPE ").append(name).append(" histogram\n");
        for (EdgeMetrics e : edges.values()) {
            for (HttpSeries s : e.http.values()) {
                of.of(s).write(name, s.labels, out);
            }
        }
        if (httpOverflow.requests.sum() > 0) {
            of.of(httpOverflow).write(name, httpOverflow.labels, out);
        }
    }

    private void tcp(Appendable out, String name, ToLongFunction<TcpSeries> value) throws IOException {
        out.append("# TYPE ").append(name).append(" counter\n");
        for (EdgeMetrics e : edges.values()) {
            for (TcpSeries s : e.tcp.values()) {
                line(out, name, s.labels, value.applyAsLong(s));
            }
        }
        if (value.applyAsLong(tcpOverflow) > 0) {
            line(out, name, tcpOverflow.labels, value.applyAsLong(tcpOverflow));
        }
    }

    static void line(Appendable out, String name, String labels, long value) throws IOException {
        out.append(name)
                .append('{')
                .append(labels)
                .append("} ")
                .append(Long.toString(value))
                .append('\n');
    }
}
