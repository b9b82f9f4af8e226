package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster.UpstreamTls;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * TLS towards the endpoints of a cluster, ready for connections, or the reason why it is not: then every connection fails,
 * nothing goes out in the clear. Reads files, so event loops must not make one.
 */
final class TlsContext {
    private static final List<String> PROTOCOLS = List.of("TLSv1.2", "TLSv1.3");
    /**
     * Gives native memory back when nobody can ask for the context any more: OpenSSL's would wait for finalizers, which a
     * waypoint does not have. Engines keep their context until they end.
     */
    private static final Cleaner CLEANER = Cleaner.create();

    private final UpstreamTls settings;
    private final @Nullable SslContext context;
    private final String problem;
    private final Map<Path, FileTime> files;

    private TlsContext(UpstreamTls settings, @Nullable SslContext context, String problem, Map<Path, FileTime> files) {
        this.settings = settings;
        this.context = context;
        this.problem = problem;
        this.files = files;
    }

    /** Never throws: what cannot be read is remembered as the problem. */
    static TlsContext load(UpstreamTls t) {
        Map<Path, FileTime> files = new HashMap<>();
        try {
            SslContext context = build(t, files);
            TlsContext made = new TlsContext(t, context, "", files);
            CLEANER.register(made, () -> ReferenceCountUtil.safeRelease(context));
            return made;
        } catch (GeneralSecurityException | IOException | RuntimeException e) {
            String why = e instanceof java.nio.file.NoSuchFileException ? "no such file: " + e.getMessage() : reason(e);
            return new TlsContext(t, null, why, files);
        }
    }

    private static String reason(Exception e) {
        String m = e.getMessage();
        return m == null ? e.getClass().getSimpleName() : m;
    }

    private static SslContext build(UpstreamTls t, Map<Path, FileTime> files)
            throws GeneralSecurityException, IOException {
        SslContextBuilder b = SslContextBuilder.forClient()
                .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .protocols(PROTOCOLS)
                // Names are compared after the handshake, with the configuration's rules (SanMatcher).
                .endpointIdentificationAlgorithm("");
        if (t.insecureSkipVerify()) {
            b.trustManager(InsecureTrustManagerFactory.INSTANCE);
        } else if (t.caPem().isPresent()) {
            b.trustManager(trust(t.caPem().get().getBytes(StandardCharsets.UTF_8), "the configured text"));
        } else if (t.caFile().isPresent()) {
            b.trustManager(trust(read(t.caFile().get(), files), t.caFile().get()));
        }
        if (t.certFile().isPresent() != t.keyFile().isPresent()) {
            throw new GeneralSecurityException(
                    "mutual TLS needs a certificate and a key: one of both files is not named");
        }
        if (t.certFile().isPresent() && t.keyFile().isPresent()) {
            try (InputStream cert = new ByteArrayInputStream(read(t.certFile().get(), files));
                    InputStream key = new ByteArrayInputStream(read(t.keyFile().get(), files))) {
                b.keyManager(cert, key);
            }
        }
        if (t.identity().isPresent()) {
            UpstreamTls.Identity own = t.identity().get();
            try (InputStream cert = text(own.certPem());
                    InputStream key = text(own.key().pem())) {
                b.keyManager(cert, key);
            } catch (RuntimeException e) {
                throw new GeneralSecurityException("the certificate or the key of the Secret cannot be read", e);
            }
        }
        if (t.h2()) {
            b.applicationProtocolConfig(new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    List.of("h2")));
        }
        return b.build();
    }

    private static InputStream text(String pem) {
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] read(String file, Map<Path, FileTime> files) throws IOException {
        Path p = Path.of(file);
        byte[] bytes = Files.readAllBytes(p);
        files.put(p, Files.getLastModifiedTime(p));
        return bytes;
    }

    private static TrustManagerFactory trust(byte[] pem, String where) throws GeneralSecurityException, IOException {
        Collection<? extends Certificate> all =
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
        if (all.isEmpty()) {
            throw new GeneralSecurityException("no certificate in " + where);
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int n = 0;
        for (Certificate c : all) {
            store.setCertificateEntry("ca" + n++, c);
        }
        TrustManagerFactory f = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        f.init(store);
        return f;
    }

    UpstreamTls settings() {
        return settings;
    }

    /** Null when connections must fail; then {@link #problem} says why. */
    @Nullable
    SslContext context() {
        return context;
    }

    String problem() {
        return problem;
    }

    /** The context to use from now on: read again when files changed; one that cannot be read any more stays as it was. */
    TlsContext refreshed() {
        boolean changed = context == null;
        for (Map.Entry<Path, FileTime> f : files.entrySet()) {
            changed |= !modified(f.getKey()).equals(Optional.of(f.getValue()));
        }
        if (!changed) {
            return this;
        }
        TlsContext next = load(settings);
        return next.context() == null && context != null ? this : next;
    }

    private static Optional<FileTime> modified(Path p) {
        try {
            return Optional.of(Files.getLastModifiedTime(p));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
