package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.Dns;
import io.milepost.mesh.Cluster.Transport;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** idleTimeout and maxConnectionDuration of raw TCP; time passes when the test says so. */
class TcpLifetimeTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<String> ended = new ArrayList<>();
    private long bytes;

    @BeforeEach
    void freeze() {
        channel.freezeTime();
    }

    private TcpLifetime start(long idleMillis, long longestMillis) {
        return TcpLifetime.start(
                channel.eventLoop(),
                new Transport(longestMillis, idleMillis, Optional.empty(), Optional.empty(), Dns.DEFAULT),
                () -> bytes,
                ended::add);
    }

    private void pass(long millis) {
        for (long i = 0; i < millis; i += 5) {
            channel.advanceTimeBy(5, TimeUnit.MILLISECONDS);
            channel.runScheduledPendingTasks();
        }
    }

    @Test
    void bytesInEitherDirectionKeepItOpen() {
        start(1_000, 0);
        for (int i = 0; i < 5; i++) {
            pass(990);
            bytes++;
        }
        pass(990);
        assertThat(ended).isEmpty();
        pass(140);
        assertThat(ended).as("a part late at most").containsExactly("idle_timeout");
    }

    @Test
    void theLongestTimeEndsABusyConnection() {
        start(1_000, 3_000);
        for (int i = 0; i < 29; i++) {
            pass(100);
            bytes++;
        }
        assertThat(ended).isEmpty();
        pass(100);
        assertThat(ended).containsExactly("max_connection_duration_reached");
    }

    @Test
    void nothingIsWatchedWithoutLimitsNorAfterTheEnd() {
        start(0, 0);
        TcpLifetime l = start(10, 20);
        l.stop();
        pass(10_000);
        assertThat(ended).isEmpty();
    }
}
