package io.milepost.mesh;

import java.util.Optional;

/**
 * A workload identity {@code spiffe://<trust domain>/ns/<namespace>/sa/<service account>}.
 *
 * <p>Istio's form of a SPIFFE ID: exactly five segments after the scheme; anything else is no identity.
 */
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {
    private static final String SCHEME = "spiffe://";

    public static Optional<SpiffeId> parse(String uri) {
        if (!uri.startsWith(SCHEME)) {
            return Optional.empty();
        }
        String[] p = uri.substring(SCHEME.length()).split("/", -1);
        if (p.length != 5
                || !p[1].equals("ns")
                || !p[3].equals("sa")
                || p[0].isEmpty()
                || p[2].isEmpty()
                || p[4].isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new SpiffeId(p[0], p[2], p[4]));
    }

    /** The identity without scheme, as policies write it: {@code cluster.local/ns/default/sa/client}. */
    public String principal() {
        return trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
    }

    @Override
    public String toString() {
        return SCHEME + principal();
    }
}
