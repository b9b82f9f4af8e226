package io.milepost.waypoint.observe;

import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.telemetry.GrpcStatus;
import io.milepost.telemetry.IstioMetrics;
import io.milepost.telemetry.IstioMetrics.EdgeMetrics;
import io.milepost.telemetry.LogContext;
import io.milepost.telemetry.TcpSeries;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts finished exchanges and TCP connections under Istio's labels. The label texts of a (client, endpoint) are looked
 * up by two references, so that a request costs no garbage ({@link EdgeCache}).
 */
public final class TrafficMetrics {
    private final IstioMetrics metrics;
    private final AtomicLong cacheResets = new AtomicLong();
    private volatile EdgeCache edges;

    public TrafficMetrics(IstioMetrics metrics) {
        this.metrics = metrics;
        this.edges = new EdgeCache(metrics, MeshSnapshot.EMPTY, this::full);
    }

    /** Called before a snapshot is put in force. Labels are resolved anew when a workload, endpoint or cluster changed. */
    public void update(MeshSnapshot next) {
        if (!edges.isFor(next)) {
            edges = new EdgeCache(metrics, next, this::full);
        }
    }

    /** A cache that is full is emptied: what is in use comes back at once, what is gone does not. */
    private void full(EdgeCache full) {
        cacheResets.incrementAndGet();
        edges = full.empty();
    }

    long cacheResets() {
        return cacheResets.get();
    }

    int cachedEdges() {
        return edges.size();
    }

    /** Takes a finished exchange; what was refused before it became one is not counted, as in Istio. */
    public void http(LogContext c) {
        if (c instanceof Served s) {
            boolean grpc = GrpcStatus.isGrpc(s.request());
            edges.find(s)
                    .http(grpc, s.responseCode(), grpc ? GrpcStatus.of(s) : -1, s.responseFlags())
                    .record(s.durationNanos() / 1_000_000, requestBytes(s), responseBytes(s));
        }
    }

    private static long requestBytes(LogContext c) {
        long wire = c.wireBytes(LogContext.Wire.DOWNSTREAM_WIRE_BYTES_RECEIVED);
        if (wire > 0) {
            return wire;
        }
        RequestHead r = c.request();
        return c.bytesReceived()
                + (r == null
                        ? 0
                        : r.headers().wireSize()
                                + r.path().length()
                                + r.authority().length());
    }

    private static long responseBytes(LogContext c) {
        long wire = c.wireBytes(LogContext.Wire.DOWNSTREAM_WIRE_BYTES_SENT);
        if (wire > 0) {
            return wire;
        }
        ResponseHead r = c.response();
        return c.bytesSent() + (r == null ? 0 : r.headers().wireSize());
    }

    /** A TCP connection has its endpoint (or ends without one). It is counted as opened; what follows goes to the answer. */
    public Connection opened(Served s) {
        EdgeMetrics edge = edges.find(s);
        TcpSeries open = edge.tcp(0);
        open.opened();
        return new Connection(edge, open);
    }

    /** An open TCP connection; on its event loop only. */
    public static final class Connection {
        private final EdgeMetrics edge;
        private final TcpSeries open;
        private long received;
        private long sent;

        private Connection(EdgeMetrics edge, TcpSeries open) {
            this.edge = edge;
            this.open = open;
        }

        /** Counts what was carried since the last call; totals of the connection so far. */
        public void carried(long receivedTotal, long sentTotal) {
            open.bytes(receivedTotal - received, sentTotal - sent);
            received = receivedTotal;
            sent = sentTotal;
        }

        public void closed(long receivedTotal, long sentTotal, int flags) {
            TcpSeries end = edge.tcp(flags);
            end.bytes(receivedTotal - received, sentTotal - sent);
            end.closed();
        }
    }

    void scrape(Appendable out) throws IOException {
        metrics.scrape(out);
    }
}
