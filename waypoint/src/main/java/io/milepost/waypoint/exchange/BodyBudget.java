package io.milepost.waypoint.exchange;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Bounds what all requests together keep of their bodies: for another attempt, until there is a stream, or until a mirror's
 * endpoint takes them. Each body has a limit of its own ({@link RequestBody#LIMIT}); this is the limit of their sum. Used by all
 * event loops.
 */
public final class BodyBudget {
    /** What a piece costs beside its bytes, so that many tiny ones do not pass for little. */
    private static final int PIECE = 256;

    private final long limit;
    private final AtomicLong held = new AtomicLong();
    private final LongAdder refused = new LongAdder();

    public BodyBudget(long limitBytes) {
        this.limit = limitBytes;
    }

    /** Whether a piece may be kept; if so it must be given back. */
    boolean take(int bytes) {
        int cost = bytes + PIECE;
        if (held.addAndGet(cost) <= limit) {
            return true;
        }
        held.addAndGet(-cost);
        refused.increment();
        return false;
    }

    /** @param pieces how many pieces the bytes are */
    void giveBack(int bytes, int pieces) {
        held.addAndGet(-(bytes + (long) PIECE * pieces));
    }

    public long heldBytes() {
        return held.get();
    }

    public long limitBytes() {
        return limit;
    }

    /** Pieces that could not be kept because all bodies together were at the limit. */
    public long refused() {
        return refused.sum();
    }
}
