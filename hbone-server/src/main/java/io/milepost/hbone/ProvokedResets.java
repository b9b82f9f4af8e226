package io.milepost.hbone;

import java.util.concurrent.TimeUnit;

/** Streams of one connection that had to be reset for a protocol error of the peer, per half minute. */
final class ProvokedResets {
    static final int MAX = 200;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);

    private long windowStart;
    private int count;

    /** Counts one more. */
    boolean isTooMany(long now) {
        if (count == 0 || now - windowStart > WINDOW_NANOS) {
            windowStart = now;
            count = 0;
        }
        return ++count > MAX;
    }
}
