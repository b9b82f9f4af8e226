package io.milepost.waypoint.upstream;

import java.lang.management.ManagementFactory;
import java.util.function.Supplier;

/** How much a piece of code allocates once it is warm. */
final class AllocationProbe {
    private AllocationProbe() {}

    /** Bytes of 100,000 calls, the best of three rounds. */
    static long bytes(Supplier<?> code) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long best = Long.MAX_VALUE;
        int seen = 0;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100_000; i++) {
                seen += code.get() == null ? 1 : 0;
            }
            best = Math.min(best, threads.getCurrentThreadAllocatedBytes() - before);
        }
        if (seen > 0) {
            throw new AssertionError(seen + " calls gave nothing");
        }
        return best;
    }
}
