package io.milepost.bench.load;

import io.milepost.hbone.HboneClient;
import io.milepost.hbone.TunnelTarget;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Load on one proxy: a number of inner connections on one event loop. In a closed loop each sends as soon as it was
 * answered; in an open loop requests are due at fixed times whatever the proxy does, and their latency counts from then
 * (no coordinated omission). Connections that break are counted as errors and replaced.
 */
public final class Load implements AutoCloseable {
    private static final long OPEN_SECONDS = 20;
    private static final long MAX_LATENCY = TimeUnit.SECONDS.toNanos(60);

    private final EventLoop loop;
    private final HboneClient client;
    private final IntFunction<TunnelTarget> targets;
    private final Wire.Factory wires;
    private final int connections;
    private final int renewEvery;
    private final Set<Wire> open = new HashSet<>();
    private final ArrayDeque<Wire> idle = new ArrayDeque<>();
    private final ArrayDeque<Long> due = new ArrayDeque<>();
    private final CompletableFuture<Void> allOpen = new CompletableFuture<>();
    private final Listening listening = new Listening();
    private Histogram latency = new Histogram(MAX_LATENCY, 3);
    private long answers;
    private long errors;
    private long sentBytes;
    private long receivedBefore;
    private long receivedOfGone;
    private long windowStart;
    private int opened;
    private boolean running;
    private boolean closing;
    private double interval;
    private double nextDue;
    private @Nullable String lastError;

    /**
     * Prepares load.
     *
     * @param targets where the n-th inner connection goes; equal targets share outer connections
     * @param renewEvery a connection is replaced by a new one, TLS included, after so many answers; 0 is never
     */
    public Load(
            EventLoop loop,
            HboneClient client,
            IntFunction<TunnelTarget> targets,
            Wire.Factory wires,
            int connections,
            int renewEvery) {
        this.loop = loop;
        this.client = client;
        this.targets = targets;
        this.wires = wires;
        this.connections = connections;
        this.renewEvery = renewEvery;
    }

    /** Opens all connections and waits for them. */
    public void open() {
        loop.execute(() -> {
            for (int i = 0; i < connections; i++) {
                openOne();
            }
        });
        try {
            allOpen.get(OPEN_SECONDS + connections / 500, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new LoadException(
                    "only some of " + connections + " connections opened"
                            + (lastError == null ? "" : ", the last error was: " + lastError),
                    e);
        } catch (ExecutionException e) {
            throw new LoadException("a connection could not be opened: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LoadException("interrupted", e);
        }
    }

    private void openOne() {
        TunnelTarget target = targets.apply(opened++);
        Wire wire = wires.create(listening);
        Future<Channel> tunnel = client.open(loop, target, wire);
        tunnel.addListener(f -> {
            if (!f.isSuccess() && !closing) {
                failed(String.valueOf(f.cause()));
                if (!allOpen.isDone()) {
                    allOpen.completeExceptionally(f.cause());
                } else {
                    loop.schedule(this::openOne, 20, TimeUnit.MILLISECONDS);
                }
            }
        });
    }

    /** Starts a closed loop. */
    public void startClosed() {
        onLoop(() -> {
            running = true;
            interval = 0;
            for (int i = idle.size(); i > 0; i--) {
                send(idle.poll(), System.nanoTime());
            }
        });
    }

    /** Sends a single request on each connection. */
    public void sendOnce() {
        onLoop(() -> {
            for (int i = idle.size(); i > 0; i--) {
                send(idle.poll(), System.nanoTime());
            }
        });
    }

    /** Starts an open loop. */
    public void startOpen(double perSecond) {
        onLoop(() -> {
            running = true;
            interval = 1e9 / perSecond;
            nextDue = System.nanoTime() + interval;
            tick();
        });
    }

    /** No request starts any more. */
    public void stop() {
        onLoop(() -> {
            running = false;
            due.clear();
        });
    }

    /** Begins a window of measurement. */
    public void beginWindow() {
        onLoop(() -> {
            latency = new Histogram(MAX_LATENCY, 3);
            answers = 0;
            errors = 0;
            sentBytes = 0;
            receivedBefore = received();
            windowStart = System.nanoTime();
        });
    }

    /** Ends the window. */
    public Outcome endWindow() {
        CompletableFuture<Outcome> out = new CompletableFuture<>();
        onLoop(() -> {
            long now = System.nanoTime();
            if (running && interval > 0) {
                // What is overdue has waited so long already: leaving it out would flatter a proxy that stands still.
                due.forEach(since -> record(now - since));
            }
            out.complete(new Outcome(
                    (now - windowStart) / 1e9, answers, errors, received() - receivedBefore, sentBytes, latency));
        });
        return out.join();
    }

    /** Good answers since the window began. */
    public long answered() {
        CompletableFuture<Long> out = new CompletableFuture<>();
        onLoop(() -> out.complete(answers));
        return out.join();
    }

    public @Nullable String lastError() {
        return lastError;
    }

    private long received() {
        long sum = receivedOfGone;
        for (Wire w : open) {
            sum += w.receivedBytes();
        }
        return sum;
    }

    private void record(long nanos) {
        latency.recordValue(Math.min(Math.max(nanos, 0), MAX_LATENCY));
    }

    private void send(@Nullable Wire wire, long since) {
        if (wire != null) {
            wire.send(since);
        }
    }

    /** Sends what is due and sleeps until the next request is. */
    private void tick() {
        if (!running || interval == 0) {
            return;
        }
        long now = System.nanoTime();
        while (nextDue <= now) {
            Wire wire = idle.poll();
            if (wire == null) {
                due.add((long) nextDue);
            } else {
                wire.send((long) nextDue);
            }
            nextDue += interval;
        }
        loop.schedule(this::tick, Math.max((long) nextDue - System.nanoTime(), 1), TimeUnit.NANOSECONDS);
    }

    private void failed(String what) {
        errors++;
        lastError = what;
    }

    private void onLoop(Runnable action) {
        CompletableFuture.runAsync(action, loop).join();
    }

    @Override
    public void close() {
        onLoop(() -> {
            closing = true;
            running = false;
            List<Wire> all = new ArrayList<>(open);
            open.clear();
            idle.clear();
            all.forEach(Wire::closeConnection);
        });
        client.close();
    }

    private final class Listening implements Wire.Listener {
        @Override
        public void ready(Wire wire) {
            open.add(wire);
            for (int i = wire.capacity(); i > 0; i--) {
                free(wire);
            }
            if (open.size() == connections) {
                allOpen.complete(null);
            }
        }

        @Override
        public void answered(Wire wire, long since, boolean good) {
            if (good) {
                answers++;
                sentBytes += wire.requestBytes();
            } else {
                failed("an answer without a 2xx status");
            }
            record(System.nanoTime() - since);
            if (renewEvery > 0 && wire.answers() >= renewEvery) {
                remove(wire);
                wire.closeConnection();
                openOne();
            } else {
                free(wire);
            }
        }

        @Override
        public void gone(Wire wire, @Nullable Throwable cause) {
            if (closing) {
                return;
            }
            failed(cause == null ? "a connection was closed" : cause.toString());
            remove(wire);
            if (allOpen.isDone()) {
                loop.schedule(Load.this::openOne, 20, TimeUnit.MILLISECONDS);
            }
        }

        private void remove(Wire wire) {
            if (open.remove(wire)) {
                receivedOfGone += wire.receivedBytes();
                idle.removeIf(wire::equals);
            }
        }

        private void free(Wire wire) {
            if (!running) {
                idle.add(wire);
            } else if (interval == 0) {
                wire.send(System.nanoTime());
            } else {
                Long since = due.poll();
                if (since == null) {
                    idle.add(wire);
                } else {
                    wire.send(since);
                }
            }
        }
    }
}
