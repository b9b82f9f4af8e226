package io.milepost.testbed.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./milepost soak} in small: the same runs, a tenth of the readers, a waypoint with so little direct memory that any queue without limit ends it. */
@Timeout(300)
class SlowReadersTest {
    @TempDir
    private Path folder;

    @Test
    void manyInBothDirections() throws Exception {
        SlowReaders.Report report = SlowReaders.run(
                folder,
                "127.41",
                100,
                Duration.ofSeconds(10),
                64 << 10,
                List.of("-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=48m"));
        assertThat(report.lost()).as(report.toString()).isZero();
        assertThat(report.read()).isPositive();
        assertThat(report.rss()).as("resident memory").isLessThan(400L << 20);
    }

    @Test
    void oneInEitherDirection() throws Exception {
        for (boolean upload : new boolean[] {true, false}) {
            // Addresses of their own: the first mesh may still be closing its listeners.
            SlowReader.Report report = SlowReader.run(
                    folder.resolve(upload ? "up" : "down"),
                    upload ? "127.42" : "127.43",
                    upload,
                    20_000_000,
                    8_000_000,
                    32);
            assertThat(report.received()).isEqualTo(20_000_000);
        }
    }
}
