package io.milepost.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.bench.run.Metric;
import io.milepost.bench.run.Rounds;
import io.milepost.bench.run.Side;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetTest {
    private static final Target CPU = Target.ALL.getFirst();

    private static Rounds rounds(Metric metric, double... ours) {
        Rounds rounds = new Rounds();
        for (double v : ours) {
            rounds.add(metric, Side.MILEPOST, v);
            rounds.add(metric, Side.ENVOY, 100);
        }
        return rounds;
    }

    @ParameterizedTest
    @CsvSource({
        // the bound is 0.30 of 100
        "28, 29, 30, 31, 32, MET",
        "29, 30, 31, 32, 33, WITHIN_NOISE",
        "31, 32, 33, 34, 35, MISSED",
        "10, 31, 32, 33, 34, MISSED",
    })
    void missedMeansThatTheBetterQuartileMissesToo(
            double a, double b, double c, double d, double e, Target.Verdict expected) {
        assertThat(CPU.verdict(rounds(CPU.metric(), a, b, c, d, e))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"130, 125, 121, MET", "130, 119, 110, WITHIN_NOISE", "119, 118, 117, MISSED"})
    void lowerBoundsAreJudgedTheOtherWayRound(double a, double b, double c, Target.Verdict expected) {
        Target speed = Target.ALL.stream().filter(t -> !t.atMost()).findFirst().orElseThrow();
        assertThat(speed.verdict(rounds(speed.metric(), a, b, c))).isEqualTo(expected);
    }

    @Test
    void whatWasNotMeasuredIsNeitherMetNorMissed() {
        assertThat(CPU.verdict(new Rounds())).isEqualTo(Target.Verdict.NOT_MEASURED);
        assertThat(new Report(new Rounds(), Map.of()).passed()).isTrue();
        assertThat(new Report(rounds(CPU.metric(), 50, 50, 50), Map.of()).passed())
                .isFalse();
    }

    @Test
    void ratiosAreTakenRoundByRound() {
        // A machine that slows down between rounds slows both: the ratio stays.
        Spread s = Spread.ofRatios(List.of(10.0, 20.0, 40.0), List.of(20.0, 40.0, 80.0));
        assertThat(s.median()).isEqualTo(0.5);
        assertThat(s.low()).isEqualTo(s.high()).isEqualTo(0.5);
        assertThat(Spread.ofRatios(List.of(1.0, 3.0), List.of(0.0, 2.0)).median())
                .isEqualTo(1.5);
    }

    @Test
    void quartilesInterpolate() {
        Spread s = Spread.of(List.of(4.0, 1.0, 3.0, 2.0));
        assertThat(s.median()).isEqualTo(2.5);
        assertThat(s.lowQuartile()).isEqualTo(1.75);
        assertThat(s.highQuartile()).isEqualTo(3.25);
    }

    @Test
    void theFileHasTheRatiosByTheirNames(@TempDir Path folder) throws Exception {
        Rounds rounds = new Rounds();
        for (Target t : Target.ALL) {
            for (int i = 0; i < 3; i++) {
                rounds.add(t.metric(), Side.MILEPOST, 1 + i);
                rounds.add(t.metric(), Side.ENVOY, 4);
            }
        }
        Path file = folder.resolve("bench.json");
        new Report(rounds, Map.of("envoy", "1.40")).writeJson(file);

        JsonNode root = new ObjectMapper().readTree(file.toFile());
        List<String> names = new ArrayList<>();
        root.get("ratios").fieldNames().forEachRemaining(names::add);
        assertThat(names)
                .containsExactly(
                        "cpu_per_request",
                        "cpu_per_request_2000rps",
                        "p99_2000rps",
                        "cpu_per_gib",
                        "cpu_per_connection",
                        "rss_idle",
                        "rss_1000_services",
                        "rss_5000_services",
                        "ready_5000_services");
        assertThat(root.at("/ratios/p99_2000rps").doubleValue()).isCloseTo(0.5, within(1e-9));
        assertThat(root.at("/rounds/0/milepost")).hasSize(3);
    }
}
