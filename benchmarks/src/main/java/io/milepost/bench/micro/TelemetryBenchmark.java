package io.milepost.bench.micro;

import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.telemetry.AccessLogFormat;
import io.milepost.telemetry.IstioMetrics;
import io.milepost.telemetry.Labels;
import io.milepost.telemetry.LogContext;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.Http1Heads;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What is told of a request: its log line in Istio's default format, and its metrics. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TelemetryBenchmark {
    private final AccessLogFormat format = AccessLogFormat.compile(
            Fixtures.realistic().telemetry().accessLogs().getFirst().format());
    private final Facts facts = new Facts();
    private final ByteBuf out = PooledByteBufAllocator.DEFAULT.heapBuffer(4096);
    private final IstioMetrics metrics = new IstioMetrics("1.27.0");
    private final Labels.Edge edge = new Labels.Edge(
            Labels.Peer.NOBODY,
            Labels.Peer.NOBODY,
            new Labels.Service("web.default.svc.cluster.local", "web", "default"),
            true);

    @TearDown
    public void tearDown() {
        out.release();
    }

    @Benchmark
    public ByteBuf logLine() {
        out.clear();
        facts.advance();
        format.write(facts, out);
        return out;
    }

    @Benchmark
    public void metricRecord() {
        metrics.edge(edge).http(false, 200, -1, 0).record(3, 512, 1200);
    }

    /** A finished request; its time goes on, so that nothing about it can be remembered. */
    private static final class Facts implements LogContext {
        private final RequestHead request = Fixtures.request();
        private final ResponseHead response;
        private long start = 1_795_276_800_000_000_000L;

        Facts() {
            try {
                response = Http1Heads.parseResponse(Fixtures.RESPONSE, Fixtures.RESPONSE.length);
            } catch (BadMessageException e) {
                throw new IllegalStateException(e);
            }
        }

        void advance() {
            start += 1_000_003;
        }

        @Override
        public boolean tcp() {
            return false;
        }

        @Override
        public long startEpochNanos() {
            return start;
        }

        @Override
        public long durationNanos() {
            return 3_000_000;
        }

        @Override
        public long bytesReceived() {
            return 0;
        }

        @Override
        public long bytesSent() {
            return 1024;
        }

        @Override
        public int responseFlags() {
            return 0;
        }

        @Override
        public RequestHead request() {
            return request;
        }

        @Override
        public ResponseHead response() {
            return response;
        }

        @Override
        public CharSequence responseCodeDetails() {
            return "via_upstream";
        }

        @Override
        public CharSequence upstreamHost() {
            return "10.1.2.3:8080";
        }

        @Override
        public CharSequence upstreamCluster() {
            return "inbound-vip|80|http|web.default.svc.cluster.local;";
        }

        @Override
        public CharSequence routeName() {
            return "default";
        }

        @Override
        public CharSequence downstreamLocalAddress() {
            return "10.97.0.1:80";
        }

        @Override
        public CharSequence downstreamRemoteAddress() {
            return "10.0.0.9:41234";
        }
    }
}
