package io.milepost.bench.report;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where and with what a run was made. */
public final class Machine {
    private Machine() {}

    /** Names and values in the order of the report. */
    public static Map<String, String> facts(String envoy) {
        Map<String, String> out = new LinkedHashMap<>();
        out.put("taken", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        out.put("processors", Runtime.getRuntime().availableProcessors() + " x " + line("/proc/cpuinfo", "model name"));
        out.put("memory", line("/proc/meminfo", "MemTotal"));
        out.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        out.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        out.put("envoy", envoy);
        out.put("load average at the end", first("/proc/loadavg"));
        return out;
    }

    /** A warning when something else uses the processors; to be asked before a run. */
    public static @Nullable String busy() {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        return load < Runtime.getRuntime().availableProcessors() / 2.0
                ? null
                : "other work ran on this machine (load average " + load
                        + " before the run): times are too long on both sides,"
                        + " cold code stays cold longer, and ratios spread more than they should";
    }

    private static String line(String file, String name) {
        try {
            for (String line : Files.readAllLines(Path.of(file))) {
                if (line.startsWith(name)) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
            return "unknown";
        } catch (IOException e) {
            return "unknown (" + e.getMessage() + ")";
        }
    }

    private static String first(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            return "unknown (" + e.getMessage() + ")";
        }
    }
}
