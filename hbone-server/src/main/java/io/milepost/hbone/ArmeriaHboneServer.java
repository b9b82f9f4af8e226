package io.milepost.hbone;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerPort;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.ClientAuth;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The server: Armeria listens, makes TLS and HTTP/2 and closes; {@link ServerConnectionInitializer} takes the streams. */
final class ArmeriaHboneServer implements HboneServer {
    /**
     * TLS decrypts what one read of the socket brought into one buffer, and each piece of it that waits for a slow reader keeps
     * all of it.
     */
    private static final int MAX_READ = 32 << 10;

    private final ServerConnections connections;
    private final HboneMetrics metrics;
    private final Server server;

    ArmeriaHboneServer(
            List<InetSocketAddress> addresses, @Nullable EventLoopGroup workerGroup, ServerSettings settings) {
        ServerConnections connections = new ServerConnections(settings.maxConnections());
        this.connections = connections;
        metrics = settings.metrics()
                .level(HboneMetrics.Level.CONNECTIONS, connections::connections)
                .level(HboneMetrics.Level.TUNNELS, connections::tunnels);
        ServerBuilder builder = Server.builder();
        for (InetSocketAddress address : addresses) {
            builder.port(new ServerPort(address, SessionProtocol.HTTPS));
        }
        if (workerGroup != null) {
            builder.workerGroup(workerGroup, false);
        }
        MeshTrust trust = new MeshTrust(settings.certificates(), settings.trustDomains());
        metrics.level(HboneMetrics.Level.VERIFIED_PEERS, trust::verifiedPeers);
        WorkloadCertificates.Bundle bundle = settings.certificates().current();
        this.server = builder
                // Never asked: all streams are taken before Armeria's request decoder.
                .service("prefix:/", (ctx, request) -> HttpResponse.of(HttpStatus.NOT_FOUND))
                .tls(TlsKeyPair.of(bundle.key(), bundle.chain()))
                .tlsCustomizer(tls -> tls.keyManager(CurrentKeyManagers.of(settings.certificates()))
                        .trustManager(new MeshTrustManager(trust))
                        .clientAuth(ClientAuth.REQUIRE)
                        .protocols("TLSv1.3"))
                .childChannelOption(
                        ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(64, 2048, MAX_READ))
                .childChannelPipelineCustomizer(
                        pipeline -> ServerConnectionInitializer.install(pipeline, settings, trust, connections))
                .http2MaxStreamsPerConnection(settings.maxConcurrentStreams())
                .http2InitialStreamWindowSize(TunnelMux.initialWindow(settings.streamWindow()))
                .http2InitialConnectionWindowSize(settings.connectionWindow())
                .http2MaxFrameSize(ServerSettings.MAX_FRAME)
                .http2MaxHeaderListSize(ServerSettings.MAX_HEADER_LIST)
                .http2MaxResetFramesPerWindow(
                        settings.resets().max(), settings.resets().windowSeconds())
                // Armeria does not know of our tunnels; our own keep-alive does all of this.
                .idleTimeoutMillis(0)
                .pingIntervalMillis(0)
                .connectionDrainDurationMicros(0)
                .gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO)
                .disableServerHeader()
                .disableDateHeader()
                .bossGroupFactory(AcceptingLoop::new)
                .meterRegistry(unused())
                .build();
        server.start().join();
    }

    /**
     * Armeria's own metrics speak of requests, of which it never sees one, and its gauges of certificates collide (with a
     * warning) as soon as there are two contexts.
     */
    private static MeterRegistry unused() {
        MeterRegistry registry = new CompositeMeterRegistry();
        registry.config().meterFilter(MeterFilter.deny());
        return registry;
    }

    @Override
    public List<InetSocketAddress> addresses() {
        List<InetSocketAddress> bound = new ArrayList<>();
        for (ServerPort port : server.activePorts().values()) {
            bound.add(port.localAddress());
        }
        return bound;
    }

    @Override
    public int connections() {
        return connections.connections();
    }

    @Override
    public int tunnels() {
        return connections.tunnels();
    }

    @Override
    public HboneMetrics metrics() {
        return metrics;
    }

    @Override
    public CompletableFuture<Void> drain(long deadlineMillis) {
        return connections.drain(deadlineMillis);
    }

    @Override
    public void close() {
        connections.close();
        server.close();
    }
}
