package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One path to which access logs go. Appending never blocks. */
public final class LogSink {
    private static final Logger LOG = LoggerFactory.getLogger(LogSink.class);
    private static final int WAKE_AT = 64 << 10;
    /** A loop's lines that may wait while the sink is stuck. */
    static final int LIMIT = 1 << 20;

    /**
     * The buffer of one thread. Whoever exchanges the reference for null owns the buffer: the thread while it appends
     * one line, the writer from then on. A writer that finds null comes back the next round.
     */
    private static final class Lane {
        final AtomicReference<@Nullable ByteBuf> buffer = new AtomicReference<>();
        final AtomicReference<@Nullable ByteBuf> spare = new AtomicReference<>();
    }

    private final String path;
    private final Runnable wake;
    private final List<Lane> lanes = new CopyOnWriteArrayList<>();
    private final LongAdder lines = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private volatile boolean reopen;
    private @Nullable OutputStream out;
    private boolean failing;

    private final FastThreadLocal<Lane> lane = new FastThreadLocal<>() {
        @Override
        protected Lane initialValue() {
            Lane l = new Lane();
            lanes.add(l);
            return l;
        }
    };

    LogSink(String path, Runnable wake) {
        this.path = path;
        this.wake = wake;
    }

    /** Appends one line of an exchange. A line that fails half-way leaves nothing behind. */
    public void append(AccessLogFormat format, LogContext c) {
        Lane l = lane.get();
        ByteBuf b = take(l);
        int start = b.writerIndex();
        if (start >= LIMIT) {
            dropped.increment();
            l.buffer.set(b);
            return;
        }
        try {
            format.write(c, b);
            lines.increment();
        } catch (RuntimeException e) {
            b.writerIndex(start);
            dropped.increment();
            LOG.warn("access log {}: a line could not be written", path, e);
        } finally {
            l.buffer.set(b);
        }
        if (start < WAKE_AT && b.writerIndex() >= WAKE_AT) {
            wake.run();
        }
    }

    /** Appends a line that was formatted elsewhere (a ztunnel's). */
    public void append(CharSequence line) {
        Lane l = lane.get();
        ByteBuf b = take(l);
        int start = b.writerIndex();
        if (start >= LIMIT) {
            dropped.increment();
        } else {
            Out.string(b, line, Out.Mode.TEXT);
            b.writeByte('\n');
            lines.increment();
        }
        l.buffer.set(b);
        if (start < WAKE_AT && b.writerIndex() >= WAKE_AT) {
            wake.run();
        }
    }

    private static ByteBuf take(Lane l) {
        ByteBuf b = l.buffer.getAndSet(null);
        if (b == null) {
            b = l.spare.getAndSet(null);
        }
        // Heap memory outside of the pool: it lives as long as the process and is handed between threads
        return b == null ? Unpooled.buffer(8 << 10) : b;
    }

    long lines() {
        return lines.sum();
    }

    /** Lines lost because the sink was stuck or could not be written. */
    public long dropped() {
        return dropped.sum();
    }

    void reopen() {
        reopen = true;
    }

    /** On the writer's thread only. */
    void drain() {
        if (reopen) {
            reopen = false;
            close();
        }
        for (Lane l : lanes) {
            ByteBuf b = l.buffer.getAndSet(null);
            if (b == null) {
                continue;
            }
            if (b.isReadable()) {
                write(b);
            }
            if (b.capacity() <= 2 * WAKE_AT) {
                l.spare.set(b.clear());
            }
        }
    }

    private void write(ByteBuf b) {
        try {
            OutputStream o = out;
            if (o == null) {
                o = open();
                out = o;
            }
            o.write(b.array(), b.arrayOffset() + b.readerIndex(), b.readableBytes());
            failing = false;
        } catch (IOException e) {
            dropped.add(count(b));
            if (!failing) {
                LOG.error("access log {}: cannot be written, lines are lost until it can: {}", path, e.toString());
            }
            failing = true;
            close();
        }
    }

    private static int count(ByteBuf b) {
        int n = 0;
        for (int i = b.readerIndex(); i < b.writerIndex(); i++) {
            n += b.getByte(i) == '\n' ? 1 : 0;
        }
        return n;
    }

    private OutputStream open() throws IOException {
        return switch (path) {
            case "/dev/stdout" -> new FileOutputStream(FileDescriptor.out);
            case "/dev/stderr" -> new FileOutputStream(FileDescriptor.err);
            default ->
                Files.newOutputStream(
                        Path.of(path), StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
        };
    }

    /** On the writer's thread only; the process's own streams stay open. */
    void close() {
        OutputStream o = out;
        out = null;
        if (o == null || path.equals("/dev/stdout") || path.equals("/dev/stderr")) {
            return;
        }
        try {
            o.close();
        } catch (IOException e) {
            LOG.warn("access log {}: closing failed: {}", path, e.toString());
        }
    }
}
