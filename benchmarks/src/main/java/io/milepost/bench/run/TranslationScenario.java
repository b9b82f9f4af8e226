package io.milepost.bench.run;

import io.milepost.bench.translation.TranslationMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Full and partial translations of a large configuration, and the heap that it takes; Milepost alone. */
public final class TranslationScenario {
    private static final int SERVICES = 2_000;
    private static final int ROUTES = 10;
    private static final String GROUP = "2,000 services, 10 routes each";
    /** What {@link TranslationMain} prints. */
    private static final Map<String, Metric> METRICS = new LinkedHashMap<>();

    /** From nothing, cold. */
    public static final Metric FULL = metric(TranslationMain.FULL, "full translation", "s");
    /** What one changed object costs. */
    public static final Metric OBJECT = metric(TranslationMain.ROUTE, "one changed HTTPRoute", "ms");
    /** Without any route. */
    public static final Metric ENDPOINT = metric(TranslationMain.ENDPOINT, "one changed endpoint", "ms");
    /** With all that is kept for the next change. */
    public static final Metric HEAP = metric(TranslationMain.HEAP, "heap per service", "KiB");

    static {
        metric(TranslationMain.POLICY, "one changed AuthorizationPolicy", "ms");
        metric(TranslationMain.SNAPSHOT, "heap per service, snapshot alone", "KiB");
        metric(TranslationMain.PARSE, "reading of the YAML", "s");
    }

    private TranslationScenario() {}

    private static Metric metric(String key, String name, String unit) {
        Metric m = new Metric(GROUP, name, unit);
        METRICS.put(key, m);
        return m;
    }

    static void run(Bench bench) {
        for (int round = 0; round < (bench.plan().quick() ? 1 : 3); round++) {
            Map<String, Double> found = measure();
            METRICS.forEach((key, metric) -> {
                Double value = found.get(key);
                if (value == null) {
                    throw new IllegalStateException("the process that translates did not tell " + key);
                }
                bench.rounds().add(metric, Side.MILEPOST, value);
            });
        }
    }

    /** In a process with the collector and the headers of a waypoint. */
    private static Map<String, Double> measure() {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                TranslationMain.class.getName(),
                Integer.toString(SERVICES),
                Integer.toString(ROUTES));
        try {
            Process process = builder.redirectErrorStream(true).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                throw new IllegalStateException("the process that translates ended with " + code + ": " + out);
            }
            Map<String, Double> found = new LinkedHashMap<>();
            out.lines()
                    .map(l -> l.split(" ", 2))
                    .filter(l -> METRICS.containsKey(l[0]))
                    .forEach(l -> found.put(l[0], Double.valueOf(l[1])));
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start the process that translates", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
