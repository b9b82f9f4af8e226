package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.Limits.RetryBudget;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@SuppressWarnings("NullAway") // a null where none belongs fails the test
class ResourceLimitsTest {
    private final ClusterStats stats = new ClusterStats();

    private ResourceLimits of(int connections, int pending, int requests, int retries, RetryBudget budget) {
        Limits l = new Limits(connections, pending, requests, retries, 0, 0, Optional.ofNullable(budget));
        return new ResourceLimits(() -> l, stats);
    }

    @Test
    @DisplayName("requests, pending and retries: the limit is exact, what is over is counted")
    void exact() {
        ResourceLimits r = of(9, 1, 2, 1, null);
        assertThat(r.request()).isTrue();
        assertThat(r.request()).isTrue();
        assertThat(r.request()).isFalse();
        assertThat(stats.requestOverflow.sum()).isEqualTo(1);
        r.requestDone();
        assertThat(r.request()).isTrue();
        assertThat(r.pending()).isTrue();
        assertThat(r.pending()).isFalse();
        assertThat(stats.pendingOverflow.sum()).isEqualTo(1);
        assertThat(r.retry()).isTrue();
        assertThat(r.retry()).isFalse();
        assertThat(stats.retryOverflow.sum()).isEqualTo(1);
        r.retryDone();
        assertThat(r.retry()).isTrue();
    }

    @Test
    @DisplayName("connections: beyond the limit only where an endpoint has none; raw TCP never")
    void connections() {
        ResourceLimits r = of(1, 9, 9, 9, null);
        assertThat(r.connection(false)).isTrue();
        assertThat(r.connection(false)).isFalse();
        assertThat(r.connection(true)).isTrue();
        assertThat(r.tcpConnection()).isFalse();
        assertThat(stats.connectionOverflow.sum()).isEqualTo(3);
        assertThat(r.connectionCount()).hasValue(2);
    }

    @Test
    @DisplayName("an event loop that starves hears of a connection that closed")
    void starving() {
        ResourceLimits r = of(1, 9, 9, 9, null);
        r.connection(false);
        AtomicInteger woken = new AtomicInteger();
        r.starving(woken::incrementAndGet);
        assertThat(woken).hasValue(0);
        assertThat(r.isStarving()).isTrue();
        r.connectionClosed();
        assertThat(woken).hasValue(1);
        assertThat(r.isStarving()).isFalse();
        r.starving(woken::incrementAndGet);
        assertThat(woken).as("there is room already").hasValue(2);
    }

    @Test
    @DisplayName("retry budget: share of what is active, at least the minimum; it replaces maxRetries")
    void budget() {
        ResourceLimits r = of(9, 99, 99, 0, new RetryBudget(20, 3));
        for (int i = 0; i < 3; i++) {
            assertThat(r.retry()).isTrue();
        }
        assertThat(r.retry()).isFalse();
        for (int i = 0; i < 25; i++) {
            r.request();
        }
        assertThat(r.retry()).isTrue();
        assertThat(r.retry()).isTrue();
        assertThat(r.retry()).isFalse();
    }
}
