package io.milepost.hbone;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/** TLS of the client: one context, shared by all targets and by all states of our certificate. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ClientTls {
    private final MeshTrustManager trust;
    private final SslContext context;
    private final AtomicBoolean closed = new AtomicBoolean();

    ClientTls(ClientSettings settings) {
        MeshTrust mesh = new MeshTrust(settings.certificates(), settings.trustDomains());
        settings.metrics().level(HboneMetrics.Level.VERIFIED_PEERS, mesh::verifiedPeers);
        this.trust = new MeshTrustManager(mesh);
        try {
            this.context = build(CurrentKeyManagers.of(settings.certificates()));
        } catch (SSLException e) {
            throw new IllegalStateException("no TLS for HBONE: " + e.getMessage(), e);
        }
    }

    SslHandler newHandler(ByteBufAllocator alloc, List<String> identities) {
        // No peer name: HBONE sends no SNI.
        SSLEngine engine = context.newEngine(alloc);
        trust.expect(engine, identities);
        SslHandler handler = new SslHandler(engine);
        handler.handshakeFuture().addListener(done -> trust.forget(engine));
        return handler;
    }

    /** Gives the native memory back; engines keep it until they end. */
    void close() {
        if (closed.compareAndSet(false, true)) {
            ReferenceCountUtil.safeRelease(context);
        }
    }

    private SslContext build(KeyManagerFactory keys) throws SSLException {
        return SslContextBuilder.forClient()
                .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .keyManager(keys)
                .trustManager(trust)
                .protocols("TLSv1.3")
                .endpointIdentificationAlgorithm(null)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2))
                .build();
    }
}
