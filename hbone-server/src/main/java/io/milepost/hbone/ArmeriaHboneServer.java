package io.milepost.hbone;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.common.TlsProvider;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerPort;
import com.linecorp.armeria.server.ServerTlsConfig;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
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
    /** One tunnel is one application connection; clients that come and go reset many. */
    static final int MAX_RESETS = 20_000;

    static final int MAX_RESETS_SECONDS = 30;

    private final ServerConnections connections = new ServerConnections();
    private final Server server;

    ArmeriaHboneServer(
            List<InetSocketAddress> addresses, @Nullable EventLoopGroup workerGroup, ServerSettings settings) {
        ServerBuilder builder = Server.builder();
        for (InetSocketAddress address : addresses) {
            builder.port(new ServerPort(address, SessionProtocol.HTTPS));
        }
        if (workerGroup != null) {
            builder.workerGroup(workerGroup, false);
        }
        MeshTrustManager trust = new MeshTrustManager(new MeshTrust(settings.certificates(), settings.trustDomains()));
        this.server = builder
                // Never asked: all streams are taken before Armeria's request decoder.
                .service("prefix:/", (ctx, request) -> HttpResponse.of(HttpStatus.NOT_FOUND))
                .tlsProvider(
                        new CurrentKeyPair(settings.certificates()),
                        ServerTlsConfig.builder()
                                .clientAuth(ClientAuth.REQUIRE)
                                .tlsCustomizer(tls -> tls.trustManager(trust).protocols("TLSv1.3"))
                                .build())
                .childChannelPipelineCustomizer(
                        pipeline -> ServerConnectionInitializer.install(pipeline, settings, connections))
                .http2MaxStreamsPerConnection(settings.maxConcurrentStreams())
                .http2InitialStreamWindowSize(settings.streamWindow())
                .http2InitialConnectionWindowSize(settings.connectionWindow())
                .http2MaxFrameSize(ServerSettings.MAX_FRAME)
                .http2MaxHeaderListSize(ServerSettings.MAX_HEADER_LIST)
                .http2MaxResetFramesPerWindow(MAX_RESETS, MAX_RESETS_SECONDS)
                // Armeria does not know of our tunnels; our own keep-alive does all of this.
                .idleTimeoutMillis(0)
                .pingIntervalMillis(0)
                .connectionDrainDurationMicros(0)
                .gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO)
                .disableServerHeader()
                .disableDateHeader()
                .meterRegistry(new CompositeMeterRegistry())
                .build();
        server.start().join();
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
    public CompletableFuture<Void> drain(long deadlineMillis) {
        return connections.drain(deadlineMillis);
    }

    @Override
    public void close() {
        server.close();
    }

    /** Armeria asks at each handshake and keeps the context as long as the answer is equal. */
    private static final class CurrentKeyPair implements TlsProvider {
        private final WorkloadCertificates certificates;
        private volatile @Nullable Pair last;

        private record Pair(WorkloadCertificates.Bundle bundle, TlsKeyPair keyPair) {
            @SuppressWarnings(
                    "ReferenceEquality") // the contract of current(): the same instance until something changes
            boolean isFor(WorkloadCertificates.Bundle other) {
                return bundle == other;
            }
        }

        CurrentKeyPair(WorkloadCertificates certificates) {
            this.certificates = certificates;
        }

        @Override
        public TlsKeyPair keyPair(String hostname) {
            WorkloadCertificates.Bundle bundle = certificates.current();
            Pair current = last;
            if (current == null || !current.isFor(bundle)) {
                current = new Pair(bundle, TlsKeyPair.of(bundle.key(), bundle.chain()));
                last = current;
            }
            return current.keyPair();
        }
    }
}
