package io.milepost.waypoint.upstream;

import com.google.re2j.Pattern;
import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.ValueMatch;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Whether a certificate is that of the server that was asked for. Pure. */
final class SanMatcher {
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;

    private SanMatcher() {}

    /**
     * Configured names count; without any the server name must be in the certificate (Istio's auto SAN validation).
     *
     * @param serverName host name or address that was asked for; an empty one matches nothing
     */
    static boolean matches(UpstreamTls tls, String serverName, X509Certificate certificate) {
        if (tls.insecureSkipVerify()) {
            return true;
        }
        List<String> names = names(certificate);
        if (!tls.sans().isEmpty()) {
            for (ValueMatch m : tls.sans()) {
                for (String n : names) {
                    if (matches(m, n)) {
                        return true;
                    }
                }
            }
            return false;
        }
        for (String n : names) {
            if (host(n, serverName)) {
                return true;
            }
        }
        return false;
    }

    private static List<String> names(X509Certificate c) {
        List<String> out = new ArrayList<>();
        try {
            Collection<List<?>> all = c.getSubjectAlternativeNames();
            if (all != null) {
                for (List<?> one : all) {
                    if (one.get(0) instanceof Integer type
                            && (type == DNS || type == URI || type == IP)
                            && one.get(1) instanceof String text) {
                        out.add(text);
                    }
                }
            }
        } catch (CertificateParsingException e) {
            return List.of();
        }
        return out;
    }

    /** A wildcard stands for exactly one leftmost label. */
    static boolean host(String pattern, String name) {
        String p = pattern.toLowerCase(Locale.ROOT);
        String n = name.toLowerCase(Locale.ROOT);
        if (!p.startsWith("*.")) {
            return p.equals(n);
        }
        int dot = n.indexOf('.');
        return dot > 0 && p.substring(1).equals(n.substring(dot));
    }

    private static boolean matches(ValueMatch m, String v) {
        return switch (m) {
            case ValueMatch.Exact e ->
                e.ignoreCase() ? e.value().equalsIgnoreCase(v) : e.value().equals(v) || host(v, e.value());
            case ValueMatch.Prefix p -> v.startsWith(p.value());
            case ValueMatch.Suffix s -> v.endsWith(s.value());
            case ValueMatch.Contains c -> v.contains(c.value());
            case ValueMatch.Regex r -> Pattern.compile(r.pattern()).matches(v);
            case ValueMatch.Present p -> true;
            case ValueMatch.NotEmpty n -> !v.isEmpty();
        };
    }
}
