package io.milepost.testbed.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The 60 s of {@code ./milepost soak config-churn}, scaled to the suite. */
class MixedLoadTest {
    @TempDir
    Path folder;

    @Test
    void noRequestFailsWhileLiveRoutesMove() throws Exception {
        MixedLoad.Report r = MixedLoad.run(folder, "127.35", Duration.ofSeconds(8));
        assertThat(r.failed()).as(r.toString()).isZero();
        assertThat(r.clients()).as(r.toString()).hasSize(3).allMatch(c -> c.good() > 0);
        assertThat(r.inForce())
                .as("configurations that were put in force while the clients ran")
                .isGreaterThan(5);
    }
}
