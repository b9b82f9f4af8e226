package io.milepost.bench.run;

/**
 * Something that is measured on several sides in several rounds.
 *
 * @param group heading in the table: scenario and kind of load
 * @param name within the group
 */
public record Metric(String group, String name, String unit) {
    public static final String CPU_US = "CPU per request";
    public static final String RPS = "requests per second";
    public static final String MICROS = "us";

    public static Metric cpu(String group) {
        return new Metric(group, CPU_US, MICROS);
    }

    public static Metric p99(String group) {
        return new Metric(group, "p99", "ms");
    }
}
