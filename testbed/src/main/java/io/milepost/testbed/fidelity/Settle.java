package io.milepost.testbed.fidelity;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.awaitility.Awaitility;

/** Waits for something that grows (a log, a list of hits) to have come to rest. */
final class Settle {
    private Settle() {}

    /**
     * Returns once the size has stood still: for {@code quiet} if it has reached the target, else for {@code patience}.
     */
    static void await(String what, LongSupplier size, long target, Duration quiet, Duration patience) {
        long[] state = {size.getAsLong(), System.nanoTime()};
        Awaitility.await(what)
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .atMost(patience.multipliedBy(4).plusSeconds(5))
                .until(() -> {
                    long now = size.getAsLong();
                    if (now != state[0]) {
                        state[0] = now;
                        state[1] = System.nanoTime();
                    }
                    return System.nanoTime() - state[1] >= (now >= target ? quiet : patience).toNanos();
                });
    }

    /** A pause that a case asks for ({@code sleep}). */
    static void pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        Awaitility.await("the case's own pause")
                .pollInSameThread()
                .atMost(time.plusSeconds(5))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> System.nanoTime() >= end);
    }
}
