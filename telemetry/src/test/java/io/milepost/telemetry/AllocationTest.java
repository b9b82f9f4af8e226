package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.milepost.mesh.TelemetrySettings.Format;
import io.milepost.telemetry.Labels.Edge;
import io.milepost.telemetry.Labels.Peer;
import io.milepost.telemetry.Labels.Service;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Lines and counts must not feed the garbage collector. Bounds leave room for a cold compiler, not for a String. */
class AllocationTest {
    private static final int ROUNDS = 20_000;

    private static long bytesPerRound(Runnable r) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 2 * ROUNDS; i++) {
            r.run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            r.run();
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS;
    }

    private static long perLine(Format f) {
        AccessLogFormat format = AccessLogFormat.compile(f);
        FakeContext c = FakeContext.http("GET", "reviews-v1:9080", "/a?b=c").header("user-agent", "curl/8");
        ByteBuf b = Unpooled.buffer(4096);
        return bytesPerRound(() -> format.write(c, b.clear()));
    }

    @Test
    void lines() {
        assertThat(perLine(new Format.Text(""))).as("text").isLessThan(80);
        assertThat(perLine(new Format.Json(Map.of()))).as("json").isLessThan(80);
    }

    @Test
    void counts() {
        IstioMetrics m = new IstioMetrics("");
        Edge e = new Edge(Peer.NOBODY, Peer.NOBODY, Service.UNKNOWN_SERVICE, false);
        assertThat(bytesPerRound(() -> m.edge(e).http(false, 200, -1, 0).record(3, 100, 200)))
                .isLessThan(16);
    }
}
