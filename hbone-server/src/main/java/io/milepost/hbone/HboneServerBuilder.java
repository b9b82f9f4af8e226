package io.milepost.hbone;

import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Settings of an {@link HboneServer}. */
public final class HboneServerBuilder {
    private List<InetSocketAddress> addresses = List.of(new InetSocketAddress(15008));
    private @Nullable WorkloadCertificates certificates;
    private Supplier<Set<String>> trustDomains = () -> Set.of("cluster.local");
    private @Nullable HboneTunnelService service;
    private @Nullable EventLoopGroup workerGroup;
    private RequestPolicy requestPolicy = RequestPolicy.WAYPOINT;
    private HboneMemoryBudget budget = HboneMemoryBudget.process();
    private int maxConnections = 10_000;
    // One tunnel is one application connection; clients that come and go reset many.
    private ServerSettings.Resets resets = new ServerSettings.Resets(20_000, 30);
    private int maxConcurrentStreams = 200;
    private int streamWindow = 256 << 10;
    private Duration pingInterval = Duration.ofSeconds(10);
    private Duration pingTimeout = Duration.ofSeconds(20);
    private Duration handshakeTimeout = Duration.ofSeconds(10);
    private Duration idleTimeout = Duration.ofHours(1);

    HboneServerBuilder() {}

    /** Where to listen; port 0 chooses one. */
    public HboneServerBuilder addresses(InetSocketAddress... values) {
        addresses = List.of(values);
        return this;
    }

    public HboneServerBuilder certificates(WorkloadCertificates value) {
        certificates = value;
        return this;
    }

    /** Trust domains whose clients are accepted, aliases included; asked at each handshake. */
    public HboneServerBuilder trustDomains(Supplier<Set<String>> value) {
        trustDomains = value;
        return this;
    }

    public HboneServerBuilder service(HboneTunnelService value) {
        service = value;
        return this;
    }

    /** Event loops of the connections; not shut down with the server. Armeria's common ones when not given. */
    public HboneServerBuilder workerGroup(EventLoopGroup value) {
        workerGroup = value;
        return this;
    }

    public HboneServerBuilder requestPolicy(RequestPolicy value) {
        requestPolicy = value;
        return this;
    }

    public HboneServerBuilder memoryBudget(HboneMemoryBudget value) {
        budget = value;
        return this;
    }

    /** At least 100: below it a ztunnel queues inside one connection for ever. */
    public HboneServerBuilder maxConcurrentStreams(int value) {
        if (value < 100) {
            throw new IllegalArgumentException("maxConcurrentStreams: " + value
                    + " (at least 100, or a ztunnel queues inside one connection instead of opening another)");
        }
        maxConcurrentStreams = value;
        return this;
    }

    /** Open sockets; further ones are closed at once. */
    public HboneServerBuilder maxConnections(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("maxConnections: " + value + " (at least 1)");
        }
        maxConnections = value;
        return this;
    }

    /** RST_STREAMs that one connection may bring within the window; more close it with ENHANCE_YOUR_CALM. */
    public HboneServerBuilder maxResets(int count, Duration window) {
        if (count < 1 || window.toSeconds() < 1) {
            throw new IllegalArgumentException(
                    "maxResets: " + count + " within " + window + " (at least 1, and whole seconds)");
        }
        resets = new ServerSettings.Resets(count, (int) window.toSeconds());
        return this;
    }

    /** Bytes a tunnel may hold unread, at most; it starts with 64 KiB and grows while its reader keeps up. */
    public HboneServerBuilder streamWindow(int bytes) {
        streamWindow = bytes;
        return this;
    }

    public HboneServerBuilder ping(Duration interval, Duration timeout) {
        pingInterval = interval;
        pingTimeout = timeout;
        return this;
    }

    public HboneServerBuilder handshakeTimeout(Duration value) {
        handshakeTimeout = value;
        return this;
    }

    /** Connections without tunnels are drained after this. */
    public HboneServerBuilder idleTimeout(Duration value) {
        idleTimeout = value;
        return this;
    }

    /** Binds and listens. */
    public HboneServer start() {
        WorkloadCertificates ours = certificates;
        HboneTunnelService handler = service;
        if (ours == null || handler == null) {
            throw new IllegalStateException("an HBONE server needs certificates(...) and service(...)");
        }
        ServerSettings settings = new ServerSettings(
                ours,
                trustDomains,
                handler,
                requestPolicy,
                budget,
                HboneMetrics.server(budget),
                maxConnections,
                resets,
                maxConcurrentStreams,
                streamWindow,
                new KeepAlive.Times(pingInterval.toMillis(), pingTimeout.toMillis(), idleTimeout.toMillis()),
                handshakeTimeout.toMillis());
        return new ArmeriaHboneServer(addresses, workerGroup, settings);
    }
}
