package io.milepost.waypoint.upstream;

import java.util.Arrays;

/**
 * Earliest deadline first: the scheduler of Envoy's weighted balancers. Each entry is due again one over its weight
 * after its last turn; equal deadlines keep the order in which they were set. Confined to one thread; a turn allocates
 * nothing.
 */
final class EdfScheduler {
    /** Tells the weight that an entry has now; asked at each of its turns. */
    @FunctionalInterface
    interface Weight {
        double of(int entry);
    }

    private final int[] heap;
    private final double[] deadline;
    private final long[] order;
    private final Weight weight;
    private double now;
    private long orders;

    EdfScheduler(int entries, Weight weight) {
        this.heap = new int[entries];
        this.deadline = new double[entries];
        this.order = new long[entries];
        this.weight = weight;
        for (int i = 0; i < entries; i++) {
            heap[i] = i;
            deadline[i] = 1 / positive(weight.of(i));
            order[i] = orders++;
        }
        for (int i = entries / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    private static double positive(double w) {
        return w > 0 ? w : Double.MIN_NORMAL;
    }

    /** The entry whose turn it is; -1 when there are none. */
    int next() {
        if (heap.length == 0) {
            return -1;
        }
        int e = heap[0];
        now = deadline[e];
        deadline[e] = now + 1 / positive(weight.of(e));
        order[e] = orders++;
        sink(0);
        return e;
    }

    private boolean before(int a, int b) {
        return deadline[a] < deadline[b] || (deadline[a] == deadline[b] && order[a] < order[b]);
    }

    private void sink(int from) {
        int i = from;
        int e = heap[i];
        while (2 * i + 1 < heap.length) {
            int child = 2 * i + 1;
            if (child + 1 < heap.length && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], e)) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = e;
    }

    /**
     * The order of turns for weights that do not change, long enough to repeat: read by several threads with a shared
     * counter it stays exact, as one scheduler would be.
     */
    static int[] rotation(double[] weights) {
        EdfScheduler s = new EdfScheduler(weights.length, i -> weights[i]);
        int[] turns = new int[period(weights)];
        for (int i = 0; i < turns.length; i++) {
            turns[i] = s.next();
        }
        return turns;
    }

    private static final int LONGEST = 8192;

    /** Whole numbers repeat after their sum over their greatest divisor; others are cut at a length that hides it. */
    private static int period(double[] weights) {
        long divisor = 0;
        double sum = 0;
        for (double w : weights) {
            if (w != Math.rint(w) || w > 1L << 40) {
                return Math.max(LONGEST, weights.length);
            }
            divisor = gcd(divisor, (long) w);
            sum += w;
        }
        return divisor == 0
                ? Math.max(1, weights.length)
                : (int) Math.min(sum / divisor, Math.max(LONGEST, weights.length));
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    @Override
    public String toString() {
        return "EDF at " + now + " " + Arrays.toString(heap);
    }
}
