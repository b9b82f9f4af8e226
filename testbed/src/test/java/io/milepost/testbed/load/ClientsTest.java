package io.milepost.testbed.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.testbed.load.Clients.Counted;
import io.milepost.testbed.load.Clients.Run;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClientsTest {
    private static final String REQUESTS =
            "requests: 10 total, 12 started, 10 done, 9 succeeded, 1 failed, 0 errored, 2 timeout\n";

    @Test
    void whatH2loadCounted() {
        Counted c = Clients.parse("x", new Run(0, REQUESTS + "status codes: 7 2xx, 0 3xx, 1 4xx, 1 5xx\n"));
        assertThat(c.good()).isEqualTo(7);
        assertThat(c.failed()).as("1 failed, 2 timeouts, 1 4xx, 1 5xx").isEqualTo(5);
    }

    /** Recorded from h2load 1.52 against a mesh that did not answer at all. */
    @Test
    void nothingDoneIsAFailure() {
        String nothing = """
                requests: 0 total, 24 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout
                status codes: 0 2xx, 0 3xx, 0 4xx, 0 5xx
                """;
        assertThat(Clients.parse("x", new Run(0, nothing)).failed()).isEqualTo(1);
        assertThat(Clients.parse("x", new Run(1, "cannot connect")).failed()).isEqualTo(1);
    }

    @Test
    void missingProgramSaysWhatToInstall() {
        assertThatThrownBy(() -> Clients.find("no-such-program", "its-package"))
                .hasMessageContaining("no-such-program is not installed")
                .hasMessageContaining("apt-get install its-package");
    }

    @Test
    void everyVariantIsAnotherConfiguration() {
        MeshVariants v = new MeshVariants("127.9");
        List<String> all = java.util.stream.IntStream.range(0, MeshVariants.COUNT)
                .mapToObj(v::yaml)
                .toList();
        assertThat(all).doesNotHaveDuplicates().allMatch(y -> !y.contains("@"));
    }
}
