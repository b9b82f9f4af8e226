package io.milepost.hbone;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Settings of an {@link HboneClient}. */
public final class HboneClientBuilder {
    private @Nullable WorkloadCertificates certificates;
    private Supplier<Set<String>> trustDomains = () -> Set.of("cluster.local");
    private @Nullable InetAddress sourceAddress;
    private HboneMemoryBudget budget = HboneMemoryBudget.process();
    private int tunnelsPerConnection = 100;
    private int maxWaiting = 1024;
    private int streamWindow = 256 << 10;
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration handshakeTimeout = Duration.ofSeconds(10);
    private Duration answerTimeout = Duration.ofSeconds(15);
    private Duration idleTimeout = Duration.ofMinutes(5);
    private Duration pingInterval = Duration.ofSeconds(10);
    private Duration pingTimeout = Duration.ofSeconds(20);

    HboneClientBuilder() {}

    public HboneClientBuilder certificates(WorkloadCertificates value) {
        certificates = value;
        return this;
    }

    /** Trust domains of servers whose identity is not known; asked at each handshake. */
    public HboneClientBuilder trustDomains(Supplier<Set<String>> value) {
        trustDomains = value;
        return this;
    }

    /** Address that connections come from; the system's choice when not given. */
    public HboneClientBuilder sourceAddress(InetAddress value) {
        sourceAddress = value;
        return this;
    }

    public HboneClientBuilder memoryBudget(HboneMemoryBudget value) {
        budget = value;
        return this;
    }

    /** Tunnels of one connection; the next one opens another connection. */
    public HboneClientBuilder tunnelsPerConnection(int value) {
        tunnelsPerConnection = value;
        return this;
    }

    /** Tunnels of one key that may wait for a connection; more fail with OVERFLOW. */
    public HboneClientBuilder maxWaiting(int value) {
        maxWaiting = value;
        return this;
    }

    /** Bytes a tunnel may hold unread, at most; it starts with 64 KiB and grows while its reader keeps up. */
    public HboneClientBuilder streamWindow(int bytes) {
        streamWindow = bytes;
        return this;
    }

    public HboneClientBuilder connectTimeout(Duration value) {
        connectTimeout = value;
        return this;
    }

    public HboneClientBuilder handshakeTimeout(Duration value) {
        handshakeTimeout = value;
        return this;
    }

    /** For the answer to the CONNECT. */
    public HboneClientBuilder answerTimeout(Duration value) {
        answerTimeout = value;
        return this;
    }

    /** A connection without tunnels is closed after this. */
    public HboneClientBuilder idleTimeout(Duration value) {
        idleTimeout = value;
        return this;
    }

    public HboneClientBuilder ping(Duration interval, Duration timeout) {
        pingInterval = interval;
        pingTimeout = timeout;
        return this;
    }

    public HboneClient build() {
        WorkloadCertificates ours = certificates;
        if (ours == null) {
            throw new IllegalStateException("an HBONE client needs certificates(...)");
        }
        return new PoolingHboneClient(new ClientSettings(
                ours,
                trustDomains,
                sourceAddress,
                budget,
                HboneMetrics.client(budget),
                tunnelsPerConnection,
                maxWaiting,
                streamWindow,
                (int) connectTimeout.toMillis(),
                handshakeTimeout.toMillis(),
                answerTimeout.toMillis(),
                new KeepAlive.Times(pingInterval.toMillis(), pingTimeout.toMillis(), idleTimeout.toMillis())));
    }
}
