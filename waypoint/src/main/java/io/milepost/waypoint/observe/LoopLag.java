package io.milepost.waypoint.observe;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.util.concurrent.TimeUnit;

/**
 * How late tasks of an event loop run: what every request on it waits at worst. A task of each loop measures itself; the
 * gauge is the maximum of the last one to two windows.
 */
final class LoopLag {
    private static final long PERIOD_MILLIS = 250;
    private static final int WINDOW = 40;

    private LoopLag() {}

    static void bind(EventExecutorGroup loops, MeterRegistry registry) {
        int i = 0;
        for (EventExecutor loop : loops) {
            String name = Integer.toString(i++);
            Probe probe = new Probe();
            var _ = loop.scheduleAtFixedRate(probe, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
            Gauge.builder("milepost.event.loop.lag.max", probe, p -> p.maxNanos() / 1e9)
                    .baseUnit("seconds")
                    .tag("loop", name)
                    .description("Longest time by which a scheduled task was late in the last 10 to 20 seconds")
                    .register(registry);
            if (loop instanceof SingleThreadEventExecutor single) {
                Gauge.builder("milepost.event.loop.pending.tasks", single, SingleThreadEventExecutor::pendingTasks)
                        .tag("loop", name)
                        .description("Tasks that wait for the event loop")
                        .register(registry);
            }
        }
    }

    /** Runs on its loop; read from anywhere. */
    static final class Probe implements Runnable {
        private long expected = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
        private int runs;
        private volatile long current;
        private volatile long before;

        @Override
        public void run() {
            measured(System.nanoTime());
        }

        void measured(long now) {
            long late = Math.max(0, now - expected);
            // Fixed rate: a loop that was blocked runs what it missed one after the other, each late by less.
            expected += TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
            current = Math.max(current, late);
            if (++runs % WINDOW == 0) {
                before = current;
                current = 0;
            }
        }

        long maxNanos() {
            return Math.max(current, before);
        }
    }
}
