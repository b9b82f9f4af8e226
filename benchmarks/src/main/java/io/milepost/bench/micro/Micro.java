package io.milepost.bench.micro;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the benchmarks of this package. */
public final class Micro {
    private static final String ALL = Micro.class.getPackageName().replace(".", "\\.") + "\\..*Benchmark.*";

    private Micro() {}

    /**
     * Real figures: a JVM each, and what is allocated.
     *
     * @param folder gets {@code micro.json} (JMH's own format) and {@code micro.txt} (a table)
     */
    public static Collection<RunResult> measure(Path folder) throws RunnerException, IOException {
        Files.createDirectories(folder);
        Collection<RunResult> results = new Runner(options()
                        .resultFormat(ResultFormatType.JSON)
                        .result(folder.resolve("micro.json").toString())
                        .forks(1)
                        .warmupIterations(3)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(5)
                        .measurementTime(TimeValue.seconds(1))
                        .build())
                .run();
        Files.writeString(folder.resolve("micro.txt"), table(results));
        return results;
    }

    /** One line for each benchmark: how long it takes and what it allocates. */
    public static String table(Collection<RunResult> results) {
        StringBuilder out = new StringBuilder();
        for (RunResult r : results) {
            BenchmarkParams params = r.getParams();
            StringBuilder name = new StringBuilder(params.getBenchmark());
            name.delete(0, Micro.class.getPackageName().length() + 1);
            for (String key : params.getParamsKeys()) {
                name.append(' ').append(key).append('=').append(params.getParam(key));
            }
            Result<?> time = r.getPrimaryResult();
            Result<?> bytes = r.getSecondaryResults().get("gc.alloc.rate.norm");
            out.append(String.format(
                    Locale.ROOT,
                    "%-60s %12.1f +- %8.1f %s %10.1f B%n",
                    name,
                    time.getScore(),
                    time.getScoreError(),
                    time.getScoreUnit(),
                    bytes == null ? Double.NaN : bytes.getScore()));
        }
        return out.toString();
    }

    /** Whether they run at all: figures mean nothing. */
    public static Collection<RunResult> smoke() throws RunnerException {
        return new Runner(options()
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(50))
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();
    }

    private static ChainedOptionsBuilder options() {
        return new OptionsBuilder()
                .include(ALL)
                .shouldFailOnError(true)
                .jvmArgsAppend(
                        "-XX:+UseSerialGC",
                        "-XX:+UseCompactObjectHeaders",
                        "-Xmx256m",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Dio.netty.allocator.type=pooled",
                        "-Dio.netty.leakDetection.level=disabled")
                .addProfiler(GCProfiler.class);
    }
}
