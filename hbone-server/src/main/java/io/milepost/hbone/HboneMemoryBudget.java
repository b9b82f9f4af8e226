package io.milepost.hbone;

import io.netty.util.internal.PlatformDependent;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the bytes that wait, over all tunnels, for readers that do not read: what arrived and nobody read, and what was
 * written and does not leave. Each tunnel is bounded by its stream window and its water mark already; this is the bound of
 * their sum. Windows start small and grow for readers that keep up. Above half of the limit a tunnel gets credit only for
 * what it has handed on completely; above the limit none gets any, and new tunnels are refused.
 */
public final class HboneMemoryBudget {
    private static final HboneMemoryBudget PROCESS =
            new HboneMemoryBudget(Math.max(16L << 20, PlatformDependent.maxDirectMemory() / 2));

    private final long limit;
    private final AtomicLong queued = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong granted = new AtomicLong();

    public HboneMemoryBudget(long limitBytes) {
        this.limit = limitBytes;
    }

    /**
     * The budget shared by everything that names no other: half of the direct memory, at least 16 MiB. The rest is for what is
     * being read and encrypted, and for what is lost between the sizes of buffers.
     */
    public static HboneMemoryBudget process() {
        return PROCESS;
    }

    /** Bytes received and not yet read. */
    public long queuedBytes() {
        return queued.get();
    }

    /** Bytes written to tunnels that their peers do not take. */
    public long writtenBytes() {
        return written.get();
    }

    public long limitBytes() {
        return limit;
    }

    public boolean isExceeded() {
        return waiting() > limit;
    }

    /** So much waits that tunnels whose readers are behind get no credit. */
    boolean isTight() {
        return waiting() > limit / 2;
    }

    /** So much waits that it is worth a copy not to keep more buffers than bytes. */
    boolean isCrowded() {
        return waiting() > limit / 16;
    }

    private long waiting() {
        return queued.get() + written.get();
    }

    /** Flow-control windows of tunnels beyond what each has from the start. */
    public long grantedBytes() {
        return granted.get();
    }

    /** A larger window for a tunnel whose reader keeps up; all of them together take at most a quarter of the limit. */
    boolean grant(int bytes) {
        if (waiting() + granted.addAndGet(bytes) > limit / 4) {
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

    void addWritten(long bytes) {
        written.addAndGet(bytes);
    }
}
