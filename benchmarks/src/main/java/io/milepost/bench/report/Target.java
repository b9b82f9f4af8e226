package io.milepost.bench.report;

import io.milepost.bench.run.Campaign;
import io.milepost.bench.run.Metric;
import io.milepost.bench.run.Plan;
import io.milepost.bench.run.Rounds;
import io.milepost.bench.run.Side;
import io.milepost.bench.run.TranslationScenario;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A bound that a run is judged by.
 *
 * @param name of the ratio in the JSON file
 * @param against whose values Milepost's are divided by; null compares Milepost's own values
 * @param atMost whether the bound is an upper one
 * @param judged false only reports
 */
public record Target(
        String name, Metric metric, Side side, @Nullable Side against, double bound, boolean atMost, boolean judged) {
    /** What a run says of a target. */
    public enum Verdict {
        /** It was not measured in this run. */
        NOT_MEASURED,
        MET,
        /** Missed by less than the rounds differ among each other. */
        WITHIN_NOISE,
        MISSED
    }

    private static final String AT_RATE = ", " + (int) Plan.RATE + "/s";

    /** The targets, in the order of the report. */
    public static final List<Target> ALL = List.of(
            ratio("cpu_per_request", Metric.cpu(Campaign.REALISTIC + ", saturated"), 0.30),
            ratio("cpu_per_request_2000rps", Metric.cpu(Campaign.REALISTIC + AT_RATE), 0.45),
            ratio("p99_2000rps", Metric.p99(Campaign.REALISTIC + AT_RATE), 0.5),
            ratio("cpu_per_gib", new Metric("bulk download", "CPU per GiB", "s"), 0.8),
            ratio("cpu_per_connection", new Metric("new connections", "CPU per connection", "us"), 1.0),
            reported("rss_idle", new Metric("start", "RSS", "MB")),
            ratio("rss_1000_services", new Metric("1000 services", "RSS", "MB"), 1.0),
            ratio("rss_5000_services", new Metric("5000 services", "RSS", "MB"), 0.6),
            // From YAML; the target holds once istiod's resources are read.
            reported("ready_5000_services", new Metric("5000 services", "first answer", "s")),
            ratio("cpu_per_request_plain", Metric.cpu(Campaign.PLAIN + ", saturated"), 0.25),
            ratio("cpu_per_request_2000rps_plain", Metric.cpu(Campaign.PLAIN + AT_RATE), 0.40),
            ratio("p99_2000rps_plain", Metric.p99(Campaign.PLAIN + AT_RATE), 0.5),
            atLeast("mb_per_second_down", new Metric("bulk download", "speed", "MB/s"), 1.2),
            ratio("cpu_per_upload", new Metric("bulk upload", "CPU per GiB", "s"), 0.9),
            new Target(
                    "two_event_loops",
                    Metric.cpu("event loops, saturated"),
                    Side.MILEPOST,
                    Side.ONE_LOOP,
                    1.1,
                    true,
                    true),
            own("rss_idle_mb", new Metric("start", "RSS", "MB"), 150),
            own("first_answer_s", new Metric("start", "first answer", "s"), 1.4),
            own("slow_reader_mb", new Metric("slow reader (1 MB/s of 200 MB)", "extra RSS", "MB"), 16),
            own("idle_tunnel_kib", new Metric("idle tunnels", "RSS per tunnel", "KiB"), 20),
            own("soak_mb", new Metric("10 GiB each way", "extra RSS", "MB"), 8),
            own("translation_s", TranslationScenario.FULL, 2),
            own("changed_object_ms", TranslationScenario.OBJECT, 5),
            own("changed_endpoint_ms", TranslationScenario.ENDPOINT, 1),
            new Target("heap_per_service_kib", TranslationScenario.HEAP, Side.MILEPOST, null, Double.NaN, true, false));

    /** How many of {@link #ALL} are the ratios that the JSON file promises. */
    public static final int PROMISED = 9;

    private static Target ratio(String name, Metric metric, double bound) {
        return new Target(name, metric, Side.MILEPOST, Side.ENVOY, bound, true, true);
    }

    private static Target atLeast(String name, Metric metric, double bound) {
        return new Target(name, metric, Side.MILEPOST, Side.ENVOY, bound, false, true);
    }

    private static Target reported(String name, Metric metric) {
        return new Target(name, metric, Side.MILEPOST, Side.ENVOY, Double.NaN, true, false);
    }

    private static Target own(String name, Metric metric, double bound) {
        return new Target(name, metric, Side.MILEPOST, null, bound, true, true);
    }

    /** What was measured, or null. */
    public @Nullable Spread measured(Rounds rounds) {
        List<Double> ours = rounds.of(metric, side);
        if (ours.isEmpty()) {
            return null;
        }
        if (against == null) {
            return Spread.of(ours);
        }
        List<Double> theirs = rounds.of(metric, against);
        return theirs.isEmpty() ? null : Spread.ofRatios(ours, theirs);
    }

    public Verdict verdict(Rounds rounds) {
        Spread s = measured(rounds);
        if (s == null) {
            return Verdict.NOT_MEASURED;
        }
        if (!judged || (atMost ? s.median() <= bound : s.median() >= bound)) {
            return Verdict.MET;
        }
        boolean noise = atMost ? s.lowQuartile() <= bound : s.highQuartile() >= bound;
        return noise ? Verdict.WITHIN_NOISE : Verdict.MISSED;
    }

    /** The bound in words; empty when nothing is judged. */
    public String boundText() {
        if (!judged) {
            return "";
        }
        return (atMost ? "<= " : ">= ") + Numbers.text(bound);
    }
}
