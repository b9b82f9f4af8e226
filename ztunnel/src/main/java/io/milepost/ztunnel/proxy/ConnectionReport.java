package io.milepost.ztunnel.proxy;

import io.milepost.telemetry.Labels;
import io.milepost.telemetry.TcpSeries;
import io.milepost.telemetry.ZtunnelAccessLog;
import io.milepost.telemetry.ZtunnelAccessLog.Direction;
import io.milepost.telemetry.ZtunnelAccessLog.Side;
import io.milepost.telemetry.ZtunnelMetrics;
import io.milepost.telemetry.ZtunnelMetrics.Flag;
import io.milepost.telemetry.ZtunnelMetrics.Reporter;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The log line and the metrics of one connection. Confined to its event loop. */
final class ConnectionReport {
    /** Both ends as logs have them. */
    record Ends(
            Direction direction,
            String source,
            Side sourceSide,
            String destination,
            @Nullable String hboneTarget,
            @Nullable String service,
            Side destinationSide,
            Labels.Edge edge) {}

    private final Ends ends;
    private final ZtunnelMetrics metrics;
    private final Consumer<String> log;
    private final Reporter reporter;
    private final TcpSeries series;
    private final long startNanos = System.nanoTime();
    private long fromClient;
    private long toClient;
    private @Nullable String closedBecause;
    private Flag flag = Flag.NONE;
    private boolean done;

    ConnectionReport(Ends ends, ZtunnelMetrics metrics, Consumer<String> log) {
        this.ends = ends;
        this.metrics = metrics;
        this.log = log;
        reporter = ends.direction == Direction.OUTBOUND ? Reporter.SOURCE : Reporter.DESTINATION;
        series = metrics.series(reporter, ends.edge, Flag.NONE);
        series.opened();
        metrics.socketOpened(reporter);
    }

    void fromClient(int bytes) {
        fromClient += bytes;
        series.bytes(bytes, 0);
    }

    void toClient(int bytes) {
        toClient += bytes;
        series.bytes(0, bytes);
    }

    /** Why it is about to be closed by us; the first reason stays. */
    void closing(String error, Flag why) {
        if (closedBecause == null) {
            closedBecause = error;
            flag = why;
        }
    }

    /** It ended after it had been established. */
    void complete() {
        end(closedBecause, false);
    }

    /** It was never established. */
    void failed(String error, Flag why) {
        closing(error, why);
        end(closedBecause, true);
    }

    private void end(@Nullable String error, boolean failed) {
        if (done) {
            return;
        }
        done = true;
        TcpSeries closed = flag == Flag.NONE ? series : metrics.series(reporter, ends.edge, flag);
        closed.closed();
        if (failed) {
            closed.failed();
        }
        metrics.socketClosed(reporter);
        boolean out = ends.direction == Direction.OUTBOUND;
        log.accept(ZtunnelAccessLog.format(new ZtunnelAccessLog.Connection(
                Reports.epochNanos(),
                ZtunnelAccessLog.Event.COMPLETE,
                ends.source,
                ends.sourceSide,
                ends.destination,
                ends.hboneTarget,
                ends.service,
                ends.destinationSide,
                ends.direction,
                out ? fromClient : toClient,
                out ? toClient : fromClient,
                (System.nanoTime() - startNanos) / 1_000_000,
                error)));
    }
}
