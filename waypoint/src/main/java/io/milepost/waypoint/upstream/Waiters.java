package io.milepost.waypoint.upstream;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;

/** Requests that wait for the first answer of a name server, at most a thousand for each name. */
final class Waiters {
    static final int LIMIT = 1024;

    private record Waiter(EventLoop loop, Runnable task) {}

    private final List<Waiter> waiting = new ArrayList<>(1);
    private final ClusterStats stats;
    private boolean open = true;

    Waiters(ClusterStats stats) {
        this.stats = stats;
    }

    /** Runs the task on its loop once the answer is known. False when too many wait. */
    synchronized boolean add(EventLoop loop, Runnable task) {
        if (!open) {
            loop.execute(task);
            return true;
        }
        if (waiting.size() >= LIMIT) {
            stats.waitOverflow.increment();
            return false;
        }
        return waiting.add(new Waiter(loop, task));
    }

    /** The answer is known (or will never be): everybody goes on. */
    void release() {
        List<Waiter> all;
        synchronized (this) {
            open = false;
            all = List.copyOf(waiting);
            waiting.clear();
        }
        for (Waiter w : all) {
            w.loop().execute(w.task());
        }
    }

    synchronized int size() {
        return waiting.size();
    }
}
