package io.milepost.bench.run;

import java.util.Set;

/**
 * How long and how often.
 *
 * @param window seconds of one measurement under load
 * @param warmup seconds of load that each proxy gets before its first measurement
 * @param startRounds processes started per side and size
 * @param scenarios names that are run; empty runs all of the plan
 */
public record Plan(
        boolean quick,
        int rounds,
        double window,
        double rateWindow,
        double warmup,
        int startRounds,
        Set<String> scenarios) {
    public static final double RATE = 2_000;

    /** About 40 minutes on two cores. */
    public static Plan full(Set<String> scenarios) {
        return new Plan(false, 5, 4, 5, 20, 5, scenarios);
    }

    /** Ends within 5 minutes on two cores. */
    public static Plan quick(Set<String> scenarios) {
        return new Plan(true, 5, 1.2, 1.6, 10, 2, scenarios);
    }

    /** The floor is a landmark without a target: two rounds are enough when time is short. */
    public boolean skips(Side side, int round) {
        return quick && side == Side.FLOOR && round >= 2;
    }

    public Plan withRounds(int value) {
        return new Plan(quick, value, window, rateWindow, warmup, Math.min(startRounds, value), scenarios);
    }
}
