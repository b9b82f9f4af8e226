package io.milepost.hbone;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the bytes that wait, over all tunnels, for readers that do not read. Each tunnel is bounded by its stream window
 * already; this is the bound of their sum. Above the limit no flow-control credit is returned and new tunnels are refused.
 */
public final class HboneMemoryBudget {
    private static final HboneMemoryBudget PROCESS =
            new HboneMemoryBudget(Math.max(64L << 20, Runtime.getRuntime().maxMemory() / 2));

    private final long limit;
    private final AtomicLong queued = new AtomicLong();

    public HboneMemoryBudget(long limitBytes) {
        this.limit = limitBytes;
    }

    /** The budget shared by everything that names no other: half of the heap's maximum, at least 64 MiB. */
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

    void add(long bytes) {
        queued.addAndGet(bytes);
    }

    void remove(long bytes) {
        queued.addAndGet(-bytes);
    }
}
