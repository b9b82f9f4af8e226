package io.milepost.hbone;

import io.netty.util.internal.PlatformDependent;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the bytes that wait, over all tunnels, for readers that do not read. Each tunnel is bounded by its stream window
 * already; this is the bound of their sum. Windows start small and grow for readers that keep up. Above the limit no flow-control credit is returned and new tunnels are refused.
 */
public final class HboneMemoryBudget {
    private static final HboneMemoryBudget PROCESS =
            new HboneMemoryBudget(Math.max(16L << 20, PlatformDependent.maxDirectMemory() / 4));

    private final long limit;
    private final AtomicLong queued = new AtomicLong();
    private final AtomicLong granted = new AtomicLong();

    public HboneMemoryBudget(long limitBytes) {
        this.limit = limitBytes;
    }

    /**
     * The budget shared by everything that names no other: a quarter of the direct memory, at least 16 MiB. What waits keeps up
     * to three times its size in buffers, and what is being written needs room too.
     */
    public static HboneMemoryBudget process() {
        return PROCESS;
    }

    /** Bytes received and not yet read. */
    public long queuedBytes() {
        return queued.get();
    }

    public long limitBytes() {
        return limit;
    }

    public boolean isExceeded() {
        return queued.get() > limit;
    }

    /** Flow-control windows of tunnels beyond what each has from the start. */
    public long grantedBytes() {
        return granted.get();
    }

    /** A larger window for a tunnel whose reader keeps up; all of them together take at most half of the limit. */
    boolean grant(int bytes) {
        if (queued.get() + granted.addAndGet(bytes) > limit / 2) {
            granted.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void giveBack(int bytes) {
        granted.addAndGet(-bytes);
    }

    void add(long bytes) {
        queued.addAndGet(bytes);
    }

    void remove(long bytes) {
        queued.addAndGet(-bytes);
    }
}
