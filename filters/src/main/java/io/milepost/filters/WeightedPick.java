package io.milepost.filters;

/** A choice by weight. Entries of weight 0 are never chosen; when all are 0 the first is. */
public final class WeightedPick {
    private final long[] cumulated;

    public WeightedPick(int[] weights) {
        cumulated = new long[weights.length];
        long sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += Math.max(0, weights[i]);
            cumulated[i] = sum;
        }
    }

    /** Index of the entry that this random number falls on. */
    public int pick(long random) {
        long total = cumulated[cumulated.length - 1];
        if (total == 0) {
            return 0;
        }
        long r = Long.remainderUnsigned(random, total);
        int i = 0;
        while (cumulated[i] <= r) {
            i++;
        }
        return i;
    }
}
