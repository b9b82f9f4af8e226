package io.milepost.telemetry;

import io.milepost.telemetry.Labels.Edge;
import io.milepost.telemetry.Labels.Peer;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToLongFunction;

/**
 * The metrics of a ztunnel, with its names and order of labels. Series are found once per connection, so keys may be
 * allocated; their number is bounded as in {@link IstioMetrics}.
 */
public final class ZtunnelMetrics {
    /** Which side of the connection reports. */
    public enum Reporter {
        SOURCE("source"),
        DESTINATION("destination");

        private final String text;

        Reporter(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** Why a connection failed; opened connections always have {@link #NONE}. */
    public enum Flag {
        NONE("-"),
        DENY("DENY"),
        CONNECT("CONNECT"),
        TLS_FAILURE("TLS_FAILURE"),
        H2_HANDSHAKE_FAILURE("H2_HANDSHAKE_FAILURE"),
        NETWORK_POLICY("NETWORK_POLICY"),
        IDENTITY_ERROR("IDENTITY_ERROR"),
        CERT_REVOKED("CERT_REVOKED");

        private final String text;

        Flag(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private record Key(Reporter reporter, Edge edge, Flag flag) {}

    private final String version;
    private final int seriesMax;
    private final Map<Key, TcpSeries> series = new ConcurrentHashMap<>();
    private final TcpSeries overflow = new TcpSeries("reporter=\"overflow\"");
    private final LongAdder overflows = new LongAdder();
    private final Map<Reporter, LongAdder> sockets =
            Map.of(Reporter.SOURCE, new LongAdder(), Reporter.DESTINATION, new LongAdder());

    /** @param istioVersion tag of {@code istio_build}; empty is unknown */
    public ZtunnelMetrics(String istioVersion, int seriesMax) {
        this.version = istioVersion.isEmpty() ? Labels.UNKNOWN : istioVersion;
        this.seriesMax = seriesMax;
    }

    /** The counters of a connection; a connection that fails is opened under NONE and closed under its flag. */
    public TcpSeries series(Reporter reporter, Edge edge, Flag flag) {
        Key key = new Key(reporter, edge, flag);
        TcpSeries s = series.get(key);
        if (s != null) {
            return s;
        }
        if (series.size() >= seriesMax) {
            overflows.increment();
            return overflow;
        }
        return series.computeIfAbsent(key, k -> new TcpSeries(labels(k)));
    }

    /** One more connection is open; {@link #socketClosed} when it ends. */
    public void socketOpened(Reporter reporter) {
        socket(reporter, 1);
    }

    public void socketClosed(Reporter reporter) {
        socket(reporter, -1);
    }

    private void socket(Reporter reporter, int change) {
        LongAdder open = sockets.get(reporter);
        if (open != null) {
            open.add(change);
        }
    }

    private static String labels(Key k) {
        Peer from = k.edge.source();
        Peer to = k.edge.destination();
        StringBuilder s = new StringBuilder(900);
        Labels.append(s, "reporter", k.reporter.toString());
        Labels.append(s, "source_workload", from.workload());
        Labels.append(s, "source_canonical_service", from.canonicalService());
        Labels.append(s, "source_canonical_revision", from.canonicalRevision());
        Labels.append(s, "source_workload_namespace", from.namespace());
        Labels.append(s, "source_principal", from.principal());
        Labels.append(s, "source_app", from.app());
        Labels.append(s, "source_version", from.version());
        Labels.append(s, "source_cluster", from.cluster());
        Labels.append(s, "destination_service", k.edge.service().host());
        Labels.append(s, "destination_service_namespace", k.edge.service().namespace());
        Labels.append(s, "destination_service_name", k.edge.service().name());
        Labels.append(s, "destination_workload", to.workload());
        Labels.append(s, "destination_canonical_service", to.canonicalService());
        Labels.append(s, "destination_canonical_revision", to.canonicalRevision());
        Labels.append(s, "destination_workload_namespace", to.namespace());
        Labels.append(s, "destination_principal", to.principal());
        Labels.append(s, "destination_app", to.app());
        Labels.append(s, "destination_version", to.version());
        Labels.append(s, "destination_cluster", to.cluster());
        Labels.append(s, "request_protocol", "tcp");
        Labels.append(s, "response_flags", k.flag.toString());
        Labels.append(s, "connection_security_policy", k.edge.mutualTls() ? "mutual_tls" : Labels.UNKNOWN);
        place(s, "source", from);
        place(s, "destination", to);
        return s.toString();
    }

    /** Only for workloads whose place is known. */
    private static void place(StringBuilder s, String side, Peer p) {
        if (!p.region().isEmpty()) {
            Labels.append(s, side + "_region", p.region());
        }
        if (!p.zone().isEmpty()) {
            Labels.append(s, side + "_zone", p.zone());
        }
    }

    /** OpenMetrics text, which ends in {@code # EOF}. */
    public void scrape(Appendable out) throws IOException {
        counter(out, "istio_tcp_connections_opened", "The total number of TCP connections opened", s -> s.opened.sum());
        counter(out, "istio_tcp_connections_closed", "The total number of TCP connections closed", s -> s.closed.sum());
        counter(
                out,
                "istio_tcp_connections_failed",
                "The total number of TCP connections that failed to establish (unstable)",
                s -> s.failed.sum());
        counter(
                out,
                "istio_tcp_received_bytes",
                "The size of total bytes received during request in case of a TCP connection",
                s -> s.received.sum());
        counter(
                out,
                "istio_tcp_sent_bytes",
                "The size of total bytes sent during response in case of a TCP connection",
                s -> s.sent.sum());
        out.append("# HELP istio_tcp_sockets_open The current number of open TCP connections (unstable).\n");
        out.append("# TYPE istio_tcp_sockets_open gauge\n");
        for (Reporter reporter : Reporter.values()) {
            LongAdder open = sockets.get(reporter);
            out.append(
                    "istio_tcp_sockets_open{reporter=\"" + reporter + "\"} " + (open == null ? 0 : open.sum()) + "\n");
        }
        out.append("# HELP istio_build Istio component build info.\n# TYPE istio_build gauge\n");
        out.append("istio_build{component=\"ztunnel\",tag=\"" + version + "\"} 1\n");
        out.append("# HELP milepost_metrics_series_overflow Connections counted without labels (unstable).\n");
        out.append("# TYPE milepost_metrics_series_overflow counter\nmilepost_metrics_series_overflow_total "
                + overflows.sum() + "\n# EOF\n");
    }

    /** Series that never counted are left out, and families without series as well. */
    private void counter(Appendable out, String family, String help, ToLongFunction<TcpSeries> value)
            throws IOException {
        boolean first = true;
        for (TcpSeries s : series.values()) {
            first = line(out, family, help, s, value.applyAsLong(s), first);
        }
        line(out, family, help, overflow, value.applyAsLong(overflow), first);
    }

    private static boolean line(Appendable out, String family, String help, TcpSeries s, long value, boolean first)
            throws IOException {
        if (value == 0) {
            return first;
        }
        if (first) {
            out.append("# HELP ").append(family).append(' ').append(help).append(".\n");
            out.append("# TYPE ").append(family).append(" counter\n");
        }
        IstioMetrics.line(out, family + "_total", s.labels, value);
        return false;
    }
}
