package io.milepost.bench.micro;

import io.milepost.filters.RouteDecision;
import io.milepost.filters.RouteMatcher;
import io.milepost.http.RequestHead;
import io.milepost.mesh.HttpChain;
import io.netty.util.AsciiString;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Which rule of a table of path rules: the last one matches. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RouteBenchmark {
    /** Rules of the table. */
    @Param({"10", "1000", "10000"})
    public int rules = 10;

    private @Nullable RouteMatcher matcher;
    private final RequestHead request = Fixtures.request();

    /** Translates and compiles the table. */
    @Setup
    public void setUp() {
        HttpChain chain = Fixtures.rules(rules);
        matcher = RouteMatcher.compile(chain.routes());
        request.path(new AsciiString("/api/items/" + (rules - 1) + "/1k?lang=en&page=2"));
        if (match() == null) {
            throw new IllegalStateException("no rule matches");
        }
    }

    @Benchmark
    public @Nullable RouteDecision match() {
        RouteMatcher m = matcher;
        return m == null ? null : m.route(request);
    }
}
