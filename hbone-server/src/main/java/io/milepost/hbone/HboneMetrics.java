package io.milepost.hbone;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * What happened at one {@link HboneServer} or {@link HboneClient}, and how full it is: one counter for each limit that can
 * be met. Counting costs an addition; {@link #bindTo} exports all of it.
 */
public final class HboneMetrics implements MeterBinder {
    /** Things that are counted. */
    public enum Counter {
        CONNECTIONS_OPENED("HBONE connections whose handshake succeeded"),
        CONNECTIONS_REFUSED("sockets closed at once because of maxConnections"),
        HANDSHAKES_FAILED("TLS handshakes that failed, on either side's account"),
        HANDSHAKE_TIMEOUTS("sockets closed because they made no TLS handshake in time"),
        CONNECT_FAILED("sockets that could not be connected"),
        CONNECT_TIMEOUTS("sockets that were not connected in time"),
        TUNNELS_OPENED("CONNECTs that were answered with 200"),
        TUNNELS_REFUSED("CONNECTs that were answered with something else"),
        TUNNELS_OUT_OF_MEMORY("CONNECTs refused because the memory budget is used up"),
        TUNNELS_OVERFLOWED("tunnels failed because too many wait for a connection already"),
        TUNNELS_RETRIED("tunnels opened a second time because the peer had not touched the first"),
        ANSWER_TIMEOUTS("CONNECTs that were not answered in time"),
        REQUESTS_MALFORMED("requests that are no plain CONNECT"),
        RESETS_RECEIVED("tunnels that the peer reset"),
        CREDIT_WITHHELD("times that the memory budget kept flow-control credit back"),
        PING_TIMEOUTS("connections closed because the peer answered no ping"),
        IDLE_CLOSED("connections closed because they carried no tunnel for too long"),
        FLOODS("connections closed because the peer made us write and did not read"),
        PROVOKED_RESETS("connections closed because the peer made us reset too many streams"),
        STARVED("connections passed over because the peer's connection window is used up");

        private final String description;

        Counter(String description) {
            this.description = description;
        }

        String meterName() {
            return "milepost.hbone." + name().toLowerCase(Locale.ROOT).replace('_', '.');
        }
    }

    /** Fill levels. */
    public enum Level {
        CONNECTIONS("open HBONE connections"),
        TUNNELS("open tunnels"),
        TUNNELS_WAITING("tunnels that wait for a connection"),
        POOLS("targets with connections or waiting tunnels"),
        BYTES_QUEUED("bytes received for tunnels whose readers do not read"),
        BYTES_UNWRITTEN("bytes written to tunnels that their peers do not take"),
        WINDOWS_GRANTED("bytes of window of tunnels whose readers keep up, beyond what each tunnel has from the start"),
        VERIFIED_PEERS("certificates of peers that need not be verified again, at most 1024"),
        BYTES_LIMIT("the most that waits, queued or unwritten, before credit is kept back and new tunnels are refused");

        private final String description;

        Level(String description) {
            this.description = description;
        }

        String meterName() {
            return "milepost.hbone." + name().toLowerCase(Locale.ROOT).replace('_', '.');
        }
    }

    private final String side;
    private final Map<Counter, LongAdder> counters = new EnumMap<>(Counter.class);
    private final Map<Level, LongSupplier> levels = new EnumMap<>(Level.class);

    private HboneMetrics(String side) {
        this.side = side;
        for (Counter counter : Counter.values()) {
            counters.put(counter, new LongAdder());
        }
    }

    static HboneMetrics server(HboneMemoryBudget budget) {
        return new HboneMetrics("server").budget(budget);
    }

    static HboneMetrics client(HboneMemoryBudget budget) {
        return new HboneMetrics("client").budget(budget);
    }

    private HboneMetrics budget(HboneMemoryBudget budget) {
        return level(Level.BYTES_QUEUED, budget::queuedBytes)
                .level(Level.BYTES_UNWRITTEN, budget::writtenBytes)
                .level(Level.WINDOWS_GRANTED, budget::grantedBytes)
                .level(Level.BYTES_LIMIT, budget::limitBytes);
    }

    HboneMetrics level(Level level, LongSupplier value) {
        levels.put(level, value);
        return this;
    }

    private LongAdder counter(Counter counter) {
        return Objects.requireNonNull(counters.get(counter));
    }

    void count(Counter counter) {
        counter(counter).increment();
    }

    public long value(Counter counter) {
        return counter(counter).sum();
    }

    /** 0 for a level that this side does not have. */
    public long value(Level level) {
        LongSupplier value = levels.get(level);
        return value == null ? 0 : value.getAsLong();
    }

    /** Exports everything as {@code milepost.hbone.*} with the tag {@code side}. */
    @Override
    public void bindTo(MeterRegistry registry) {
        for (Counter counter : Counter.values()) {
            FunctionCounter.builder(counter.meterName(), counter(counter), LongAdder::sum)
                    .description(counter.description)
                    .tag("side", side)
                    .register(registry);
        }
        levels.forEach((level, value) -> Gauge.builder(level.meterName(), value, LongSupplier::getAsLong)
                .description(level.description)
                .tag("side", side)
                .strongReference(true)
                .register(registry));
    }
}
