package io.milepost.hbone;

import io.netty.handler.ssl.OpenSslCertificateException;
import io.netty.internal.tcnative.CertificateVerifier;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Who is believed: the chain must lead to a root of the mesh and the leaf must carry an accepted SPIFFE identity. Follows
 * rotated roots and changed trust domains with the next handshake.
 */
final class MeshTrust {
    private final WorkloadCertificates certificates;
    private final Supplier<Set<String>> trustDomains;
    private volatile @Nullable Anchors anchors;

    private final LongSupplier epochMillis;

    /** What was verified belongs to the roots: other roots begin anew. Clients and servers need different key usages. */
    private record Anchors(
            List<X509Certificate> roots,
            X509ExtendedTrustManager manager,
            VerifiedPeers clients,
            VerifiedPeers servers) {}

    MeshTrust(WorkloadCertificates certificates, Supplier<Set<String>> trustDomains) {
        this(certificates, trustDomains, System::currentTimeMillis);
    }

    MeshTrust(WorkloadCertificates certificates, Supplier<Set<String>> trustDomains, LongSupplier epochMillis) {
        this.certificates = certificates;
        this.trustDomains = trustDomains;
        this.epochMillis = epochMillis;
    }

    /** How many leaves need not be verified again. */
    int verifiedPeers() {
        Anchors a = anchors;
        return a == null ? 0 : a.clients().size() + a.servers().size();
    }

    /** The first SPIFFE identity of a peer whose handshake is done; null when it has none. */
    @Nullable
    String principal(Certificate @Nullable [] chain) {
        Anchors a = anchors;
        try {
            if (a != null && chain != null && chain.length > 0 && chain[0] instanceof X509Certificate leaf) {
                List<String> ids = a.clients().find(leaf);
                if (ids != null) {
                    return ids.isEmpty() ? null : ids.getFirst();
                }
            }
        } catch (CertificateException e) {
            return null;
        }
        return SpiffeIds.principal(chain);
    }

    X509Certificate[] roots() {
        return certificates.current().roots().toArray(X509Certificate[]::new);
    }

    void checkClient(X509Certificate[] chain) throws CertificateException {
        Anchors a = anchors();
        List<String> presented = a.clients().find(chain[0]);
        if (presented == null) {
            try {
                a.manager().checkClientTrusted(chain, "UNKNOWN");
            } catch (CertificateException e) {
                throw withAlert(e);
            }
            presented = a.clients().add(chain);
        }
        checkTrustDomain(presented);
    }

    /** @param identities of which the server must present one; empty accepts any of the trust domains */
    void checkServer(X509Certificate[] chain, List<String> identities) throws CertificateException {
        Anchors a = anchors();
        List<String> presented = a.servers().find(chain[0]);
        if (presented == null) {
            try {
                a.manager().checkServerTrusted(chain, "UNKNOWN");
            } catch (CertificateException e) {
                throw withAlert(e);
            }
            presented = a.servers().add(chain);
        }
        if (identities.isEmpty()) {
            checkTrustDomain(presented);
            return;
        }
        for (String id : presented) {
            if (identities.contains(id)) {
                return;
            }
        }
        throw wrongIdentity("identity verification error: peer did not present the expected SAN ("
                + String.join(", ", identities) + "), got " + presented);
    }

    private void checkTrustDomain(List<String> presented) throws CertificateException {
        Set<String> accepted = trustDomains.get();
        for (String id : presented) {
            String domain = SpiffeIds.trustDomain(id);
            if (domain != null && accepted.contains(domain)) {
                return;
            }
        }
        throw wrongIdentity("identity verification error: peer did not present an identity of the trust domain ("
                + String.join(", ", accepted) + "), got " + presented);
    }

    /** Sent to the peer as certificate_unknown, like ztunnel's. */
    private static CertificateException wrongIdentity(String message) {
        return new OpenSslCertificateException(message, CertificateVerifier.X509_V_ERR_PERMITTED_VIOLATION);
    }

    /** The TLS library would tell the peer "internal error" of whatever the JDK's validator throws. */
    private static CertificateException withAlert(CertificateException cause) {
        int code = CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
        for (Throwable at = cause; at != null; at = at.getCause()) {
            if (at instanceof CertificateExpiredException) {
                code = CertificateVerifier.X509_V_ERR_CERT_HAS_EXPIRED;
            } else if (at instanceof CertificateNotYetValidException) {
                code = CertificateVerifier.X509_V_ERR_CERT_NOT_YET_VALID;
            }
        }
        return new OpenSslCertificateException(cause.getMessage(), cause, code);
    }

    private Anchors anchors() throws CertificateException {
        List<X509Certificate> roots = certificates.current().roots();
        Anchors current = anchors;
        if (current == null || !current.roots().equals(roots)) {
            current = new Anchors(roots, manager(roots), verified(), verified());
            anchors = current;
        }
        return current;
    }

    private VerifiedPeers verified() {
        return new VerifiedPeers(VerifiedPeers.LIMIT, epochMillis);
    }

    private static X509ExtendedTrustManager manager(List<X509Certificate> roots) throws CertificateException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < roots.size(); i++) {
                store.setCertificateEntry("root-" + i, roots.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            for (TrustManager candidate : factory.getTrustManagers()) {
                if (candidate instanceof X509ExtendedTrustManager found) {
                    return found;
                }
            }
            throw new CertificateException("the JDK offers no PKIX trust manager");
        } catch (GeneralSecurityException | IOException e) {
            throw new CertificateException("the mesh's roots cannot be used: " + e.getMessage(), e);
        }
    }
}
