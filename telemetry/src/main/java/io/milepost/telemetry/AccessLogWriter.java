package io.milepost.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes access logs to files and standard streams from one thread of its own.
 *
 * <p>Event loops append to buffers of their own ({@link LogSink}) and never wait: the writer takes a buffer away by
 * exchanging one reference. It does so every flush interval and whenever a buffer has reached 64 KiB. When a sink is
 * stuck, lines beyond {@link LogSink#LIMIT} per loop are dropped and counted.
 */
public final class AccessLogWriter implements AutoCloseable {
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final Map<String, LogSink> sinks = new ConcurrentHashMap<>();
    private final Map<String, String> elsewhere;
    private final long intervalNanos;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicBoolean wanted = new AtomicBoolean();
    private volatile boolean closed;
    private volatile long rounds;

    /** Flushes at least every second. */
    public AccessLogWriter() {
        this(Duration.ofSeconds(1));
    }

    public AccessLogWriter(Duration flushInterval) {
        this(flushInterval, Map.of());
    }

    /** @param elsewhere path to use in the place of a path: a program that runs many waypoints sends each one's {@code /dev/stdout} to a file of its own */
    public AccessLogWriter(Duration flushInterval, Map<String, String> elsewhere) {
        this.elsewhere = Map.copyOf(elsewhere);
        intervalNanos = Math.max(1_000_000, flushInterval.toNanos());
        thread = Thread.ofPlatform().name("access-log").daemon(true).unstarted(this::run);
        thread.start();
    }

    /** The sink of a path; one per path. {@code /dev/stdout} and {@code /dev/stderr} are the process's own streams. */
    public LogSink sink(String path) {
        return sinks.computeIfAbsent(elsewhere.getOrDefault(path, path), p -> new LogSink(p, this::wake));
    }

    /** Asks for files to be opened anew, after they were rotated. */
    public void reopen() {
        sinks.values().forEach(LogSink::reopen);
        wake();
    }

    /** Waits until what was appended before is written. Not for event loops. */
    public void flush() {
        long target = rounds + 2;
        long deadline = System.nanoTime() + CLOSE_WAIT.toNanos();
        while (rounds < target && !closed && System.nanoTime() < deadline) {
            wake();
            LockSupport.parkNanos(200_000);
        }
    }

    /** Lines that were dropped because a sink was stuck or could not be written. */
    public long dropped() {
        return sinks.values().stream().mapToLong(LogSink::dropped).sum();
    }

    public long written() {
        return sinks.values().stream().mapToLong(LogSink::lines).sum();
    }

    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("milepost.access.log.dropped", this, AccessLogWriter::dropped)
                .description("Access log lines lost because a sink was stuck or could not be written")
                .register(registry);
        FunctionCounter.builder("milepost.access.log.lines", this, AccessLogWriter::written)
                .description("Access log lines accepted")
                .register(registry);
    }

    private void wake() {
        if (wanted.compareAndSet(false, true)) {
            LockSupport.unpark(thread);
        }
    }

    // The volatile counter has this one writer
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void run() {
        while (!closed) {
            if (!wanted.getAndSet(false)) {
                LockSupport.parkNanos(this, intervalNanos);
                wanted.set(false);
            }
            drain();
            rounds++;
        }
        drain();
        sinks.values().forEach(LogSink::close);
        ended.countDown();
    }

    private void drain() {
        for (LogSink s : List.copyOf(sinks.values())) {
            s.drain();
        }
    }

    /** Writes what is left (for 5 s at most) and closes the files. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        try {
            ended.await(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
