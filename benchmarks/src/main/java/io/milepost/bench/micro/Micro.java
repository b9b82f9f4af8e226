package io.milepost.bench.micro;

import java.util.Collection;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
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

    /** Real figures: a JVM each, and what is allocated. */
    public static Collection<RunResult> measure() throws RunnerException {
        return new Runner(options()
                        .forks(1)
                        .warmupIterations(3)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(5)
                        .measurementTime(TimeValue.seconds(1))
                        .build())
                .run();
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
