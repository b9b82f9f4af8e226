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
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS of the client: one context per state of our certificate, shared by all targets. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ClientTls {
    private final WorkloadCertificates certificates;
    private final MeshTrustManager trust;
    private volatile @Nullable Context context;

    private record Context(WorkloadCertificates.Bundle bundle, SslContext ssl) {
        @SuppressWarnings("ReferenceEquality") // the contract of current(): the same instance until something changes
        boolean isFor(WorkloadCertificates.Bundle other) {
            return bundle == other;
        }
    }

    ClientTls(ClientSettings settings) {
        this.certificates = settings.certificates();
        this.trust = new MeshTrustManager(new MeshTrust(settings.certificates(), settings.trustDomains()));
    }

    SslHandler newHandler(ByteBufAllocator alloc, List<String> identities) throws SSLException {
        // No peer name: HBONE sends no SNI.
        SSLEngine engine = context().newEngine(alloc);
        trust.expect(engine, identities);
        SslHandler handler = new SslHandler(engine);
        handler.handshakeFuture().addListener(done -> trust.forget(engine));
        return handler;
    }

    private SslContext context() throws SSLException {
        WorkloadCertificates.Bundle bundle = certificates.current();
        Context current = context;
        if (current == null || !current.isFor(bundle)) {
            current = new Context(bundle, build(bundle));
            context = current;
        }
        return current.ssl();
    }

    private SslContext build(WorkloadCertificates.Bundle bundle) throws SSLException {
        return SslContextBuilder.forClient()
                .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .keyManager(bundle.key(), bundle.chain().toArray(X509Certificate[]::new))
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
