package io.milepost.waypoint;

import io.milepost.http.RequestHead;
import io.milepost.waypoint.exchange.ClientConnection;
import io.milepost.waypoint.exchange.RequestEdge;
import io.milepost.waypoint.exchange.TrafficFacts;
import io.milepost.waypoint.exchange.WorkerContext;
import io.milepost.waypoint.observe.TrafficMetrics;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What policies, logs and metrics see of a raw TCP connection, beside what all traffic has; filled by {@link TcpConnection}
 * and {@link TcpRelay} as it goes. One event loop.
 */
abstract class TcpFacts extends TrafficFacts {
    private static final long REPORT_SECONDS = 5;

    final TcpService service;
    /** What the client's first bytes said, where the chain looks at them. */
    final ClientHello.Seen hello;

    @Nullable
    CharSequence termination;

    private TrafficMetrics.@Nullable Connection counted;
    private @Nullable ScheduledFuture<?> reports;
    /** Made when a log asks for it. */
    private @Nullable AsciiString streamId;

    TcpFacts(TcpService service, ClientConnection client, WorkerContext worker, ClientHello.Seen hello) {
        super(client, worker);
        this.service = service;
        this.hello = hello;
    }

    final void received(int bytes) {
        bytesReceived += bytes;
    }

    final void sent(int bytes) {
        bytesSent += bytes;
    }

    /** Counts the connection as opened, and from then on what it carries, as often as Istio reports. */
    final void opened() {
        TrafficMetrics m = service.metrics();
        if (m != null) {
            TrafficMetrics.Connection c = m.opened(this);
            counted = c;
            reports = worker.loop()
                    .scheduleAtFixedRate(
                            () -> c.carried(bytesReceived, bytesSent),
                            REPORT_SECONDS,
                            REPORT_SECONDS,
                            TimeUnit.SECONDS);
        }
    }

    /** The end of it: counted and logged. One that was never opened is counted as opened first. */
    final void report() {
        endNanos = System.nanoTime();
        if (counted == null) {
            opened();
        }
        TrafficMetrics.Connection c = counted;
        ScheduledFuture<?> r = reports;
        if (c != null && r != null) {
            r.cancel(false);
            c.closed(bytesReceived, bytesSent, flags);
        }
        service.log().log(this);
    }

    @Override
    public final boolean tcp() {
        return true;
    }

    @Override
    public final @Nullable RequestHead request() {
        return null;
    }

    @Override
    public final @Nullable CharSequence connectionTerminationDetails() {
        return termination;
    }

    @Override
    public final CharSequence streamId() {
        AsciiString id = streamId;
        if (id == null) {
            id = RequestEdge.uuid();
            streamId = id;
        }
        return id;
    }

    @Override
    public final @Nullable String requestedServerName() {
        return hello.serverName().isEmpty() ? null : hello.serverName();
    }
}
