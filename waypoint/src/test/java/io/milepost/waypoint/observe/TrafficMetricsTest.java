package io.milepost.waypoint.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.WorkloadIndex;
import io.milepost.telemetry.IstioMetrics;
import io.milepost.waypoint.upstream.HostState;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which series a connection is counted in; what the labels say is tested with a whole mesh in the testbed. */
class TrafficMetricsTest {
    private record Connection(
            IpAddress sourceIp,
            @Nullable String peerPrincipal,
            @Nullable String localPrincipal,
            @Nullable String upstreamCluster,
            int responseFlags)
            implements Served {
        @Override
        public @Nullable HostState host() {
            return null;
        }

        @Override
        public @Nullable Cluster chosenCluster() {
            return null;
        }

        @Override
        public WorkloadIndex workloads() {
            return WorkloadIndex.EMPTY;
        }

        @Override
        public boolean tcp() {
            return true;
        }

        @Override
        public long startEpochNanos() {
            return 0;
        }

        @Override
        public long durationNanos() {
            return 0;
        }

        @Override
        public long bytesReceived() {
            return 0;
        }

        @Override
        public long bytesSent() {
            return 0;
        }

        @Override
        public @Nullable CharSequence downstreamLocalAddress() {
            return null;
        }

        @Override
        public @Nullable CharSequence downstreamRemoteAddress() {
            return null;
        }
    }

    private static Connection from(int n, @Nullable String principal) {
        return new Connection(
                IpAddress.of(new byte[] {10, (byte) (n >> 16), (byte) (n >> 8), (byte) n}),
                principal,
                "spiffe://us",
                null,
                0);
    }

    private static String scrape(TrafficMetrics m) throws IOException {
        StringBuilder s = new StringBuilder();
        m.scrape(s);
        return s.toString();
    }

    @Test
    void tcpIsCountedAsItGoes() throws IOException {
        TrafficMetrics m = new TrafficMetrics(new IstioMetrics(""));
        TrafficMetrics.Connection c = m.opened(from(1, "spiffe://cluster.local/ns/a/sa/b"));
        assertThat(scrape(m)).containsPattern("istio_tcp_connections_opened_total\\{.*} 1\n");
        c.carried(10, 20);
        c.carried(15, 20);
        assertThat(scrape(m))
                .containsPattern("istio_tcp_received_bytes_total\\{.*response_flags=\"-\",.*} 15\n")
                .containsPattern("istio_tcp_sent_bytes_total\\{.*} 20\n");
        c.closed(16, 20, 0);
        assertThat(scrape(m))
                .containsPattern("istio_tcp_connections_closed_total\\{.*source_workload_namespace=\"a\".*"
                        + "connection_security_policy=\"mutual_tls\"} 1\n")
                .containsPattern("istio_tcp_received_bytes_total\\{.*} 16\n");
    }

    @Test
    void principalsOfOneAddressAreApart() throws IOException {
        TrafficMetrics m = new TrafficMetrics(new IstioMetrics(""));
        m.opened(from(1, "spiffe://cluster.local/ns/a/sa/one"));
        m.opened(from(1, "spiffe://cluster.local/ns/a/sa/two"));
        m.opened(from(1, "spiffe://cluster.local/ns/a/sa/one"));
        m.opened(from(1, null));
        assertThat(scrape(m))
                .containsPattern("opened_total\\{.*source_principal=\"spiffe://cluster.local/ns/a/sa/one\".*} 2\n")
                .containsPattern("opened_total\\{.*source_principal=\"spiffe://cluster.local/ns/a/sa/two\".*} 1\n")
                .containsPattern(
                        "opened_total\\{.*source_principal=\"unknown\".*connection_security_policy=\"none\"} 1\n");
    }

    /** A cache that grows with every client that ever was would be a leak. */
    @Test
    void labelsAtHandAreBounded() {
        TrafficMetrics m = new TrafficMetrics(new IstioMetrics(IstioMetrics.WAYPOINT, "", 10));
        for (int i = 0; i < EdgeCache.LIMIT * 2; i++) {
            m.opened(from(i, null));
        }
        assertThat(m.cachedEdges()).isLessThanOrEqualTo(EdgeCache.LIMIT);
        assertThat(m.cacheResets()).isPositive();
    }

    @Test
    void labelsAreKeptUntilWorkloadsChange() {
        TrafficMetrics m = new TrafficMetrics(new IstioMetrics(""));
        m.opened(from(1, null));
        int cached = m.cachedEdges();
        m.update(MeshSnapshot.EMPTY.withVersion(9));
        assertThat(m.cachedEdges())
                .as("only the version is another")
                .isEqualTo(cached)
                .isPositive();
    }

    @Test
    void lagIsTheLongestLateness() {
        LoopLag.Probe p = new LoopLag.Probe();
        long start = System.nanoTime() + 250_000_000L;
        p.measured(start + 5_000_000_000L);
        p.measured(start + 250_000_000L);
        assertThat(p.maxNanos()).isBetween(4_900_000_000L, 5_100_000_000L);
        for (int i = 2; i < 90; i++) {
            p.measured(start + i * 250_000_000L);
        }
        assertThat(p.maxNanos()).as("forgotten after two windows").isLessThan(1_000_000_000L);
    }
}
