package io.milepost.hbone;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** SPIFFE identities of certificates: {@code spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT}. */
final class SpiffeIds {
    private static final String SCHEME = "spiffe://";
    private static final int URI_NAME = 6;

    private SpiffeIds() {}

    /** All SPIFFE URI SANs, in order; other names are not identities. */
    static List<String> of(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        if (names == null) {
            return List.of();
        }
        List<String> ids = new ArrayList<>(1);
        for (List<?> name : names) {
            if (name.get(0) instanceof Integer type
                    && type == URI_NAME
                    && name.get(1) instanceof String uri
                    && trustDomain(uri) != null) {
                ids.add(uri);
            }
        }
        return ids;
    }

    /** The first SPIFFE URI SAN of the leaf; null when there is none. */
    static @Nullable String principal(java.security.cert.Certificate @Nullable [] chain) {
        if (chain == null || chain.length == 0 || !(chain[0] instanceof X509Certificate leaf)) {
            return null;
        }
        try {
            List<String> ids = of(leaf);
            return ids.isEmpty() ? null : ids.getFirst();
        } catch (CertificateParsingException e) {
            return null;
        }
    }

    /** The trust domain of {@code spiffe://TD/ns/NS/sa/SA}; null for every other form. */
    static @Nullable String trustDomain(String uri) {
        if (!uri.startsWith(SCHEME)) {
            return null;
        }
        int ns = uri.indexOf('/', SCHEME.length());
        if (ns <= SCHEME.length() || !uri.startsWith("/ns/", ns)) {
            return null;
        }
        int sa = uri.indexOf('/', ns + 4);
        if (sa <= ns + 4 || !uri.startsWith("/sa/", sa)) {
            return null;
        }
        int account = sa + 4;
        if (account >= uri.length() || uri.indexOf('/', account) >= 0) {
            return null;
        }
        return uri.substring(SCHEME.length(), ns);
    }
}
