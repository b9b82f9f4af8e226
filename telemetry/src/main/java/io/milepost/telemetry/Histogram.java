package io.milepost.telemetry;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** Counts of whole numbers in Envoy's default buckets. */
final class Histogram {
    private static final String[] BOUNDS_TEXT = {
        "0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "30000", "60000",
        "300000", "600000", "1800000", "3600000", "+Inf"
    };
    /** Whole numbers: 0 is the only one not above 0.5. */
    private static final long[] BOUNDS = {
        0, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
        3_600_000
    };

    private final AtomicLongArray counts = new AtomicLongArray(BOUNDS.length + 1);
    private final LongAdder sum = new LongAdder();

    void record(long value) {
        int i = 0;
        while (i < BOUNDS.length && value > BOUNDS[i]) {
            i++;
        }
        counts.getAndIncrement(i);
        sum.add(value);
    }

    /** @param labels without braces */
    void write(String family, String labels, Appendable out) throws IOException {
        long total = 0;
        for (int i = 0; i <= BOUNDS.length; i++) {
            total += counts.get(i);
            out.append(family)
                    .append("_bucket{")
                    .append(labels)
                    .append(",le=\"")
                    .append(BOUNDS_TEXT[i]);
            out.append("\"} ").append(Long.toString(total)).append('\n');
        }
        out.append(family).append("_sum{").append(labels).append("} ").append(Long.toString(sum.sum()));
        out.append('\n');
        out.append(family).append("_count{").append(labels).append("} ").append(Long.toString(total));
        out.append('\n');
    }
}
