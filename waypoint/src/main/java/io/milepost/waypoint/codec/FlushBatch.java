package io.milepost.waypoint.codec;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayList;
import java.util.List;

/**
 * Flushes of one event loop, gathered until the loop has handled all that was ready: head, body and end of a message that
 * came in one read leave in one write, and so do the answers of many streams of one connection.
 *
 * <p>Confined to its event loop. Holds at most one entry a connection: members add themselves once until they are flushed.
 */
final class FlushBatch implements Runnable {
    private static final FastThreadLocal<FlushBatch> CURRENT = new FastThreadLocal<>() {
        @Override
        protected FlushBatch initialValue() {
            return new FlushBatch();
        }
    };

    private final List<Member> waiting = new ArrayList<>();
    private boolean scheduled;

    /** A connection with something to flush. */
    interface Member {
        void flushNow();
    }

    private FlushBatch() {}

    /** The batch of the event loop that this is called on. */
    static FlushBatch current() {
        return CURRENT.get();
    }

    void add(Member m, EventExecutor loop) {
        waiting.add(m);
        if (!scheduled) {
            scheduled = true;
            loop.execute(this);
        }
    }

    @Override
    public void run() {
        scheduled = false;
        // What a flush makes writable may write again: those come with the next run.
        int n = waiting.size();
        for (int i = 0; i < n; i++) {
            waiting.get(i).flushNow();
        }
        if (n == waiting.size()) {
            waiting.clear();
        } else {
            waiting.subList(0, n).clear();
        }
    }
}
