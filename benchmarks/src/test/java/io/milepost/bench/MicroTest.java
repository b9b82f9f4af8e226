package io.milepost.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.bench.micro.Micro;
import java.util.Collection;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;

/** Every JMH benchmark runs and measures something; what it measures means nothing here. */
class MicroTest {
    @Test
    void allBenchmarksRun() throws Exception {
        Collection<RunResult> results = Micro.smoke();

        TreeSet<String> names = new TreeSet<>();
        for (RunResult r : results) {
            String name = r.getParams().getBenchmark();
            names.add(name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1));
            assertThat(r.getPrimaryResult().getScore()).as(name).isPositive();
        }
        assertThat(names)
                .containsExactly(
                        "Http1Benchmark.parseRequest",
                        "Http1Benchmark.parseResponse",
                        "Http1Benchmark.writeRequest",
                        "Http1Benchmark.writeResponse",
                        "PolicyBenchmark.decide",
                        "RouteBenchmark.match",
                        "TelemetryBenchmark.logLine",
                        "TelemetryBenchmark.metricRecord",
                        "TunnelBenchmark.roundTrips");
        assertThat(results).as("the route benchmark has three sizes").hasSize(names.size() + 2);
        assertThat(Micro.table(results).lines())
                .hasSize(results.size())
                .allMatch(line -> line.matches("[A-Za-z0-9]+Benchmark\\.\\w+.* \\d+\\.\\d B"))
                .anyMatch(line -> line.startsWith("RouteBenchmark.match rules=10000 "));
    }
}
