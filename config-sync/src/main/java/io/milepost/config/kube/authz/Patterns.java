package io.milepost.config.kube.authz;

import com.google.re2j.Pattern;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.ValueMatch;
import java.util.List;
import java.util.Locale;

/** The values of policies, as istiod turns them into matchers. A leading or a trailing star is a wildcard, not both. */
final class Patterns {
    private static final String SCHEME = "spiffe://";

    private Patterns() {}

    /** {@code *} is "not empty". */
    static ValueMatch value(String v) {
        if (v.equals("*")) {
            return ValueMatch.NOT_EMPTY;
        }
        return wildcard(v, false);
    }

    /** {@code *} is "present", even when it is empty. */
    static Condition header(String name, String v, boolean ignoreCase) {
        String lower = name.toLowerCase(Locale.ROOT);
        ValueMatch m = v.equals("*") ? ValueMatch.PRESENT : wildcard(v, ignoreCase);
        return new Condition.Header(new HeaderMatch(lower.equals("host") ? ":authority" : lower, m));
    }

    private static ValueMatch wildcard(String v, boolean ignoreCase) {
        if (v.startsWith("*")) {
            return new ValueMatch.Suffix(v.substring(1), ignoreCase);
        }
        return v.endsWith("*")
                ? new ValueMatch.Prefix(v.substring(0, v.length() - 1), ignoreCase)
                : new ValueMatch.Exact(v, ignoreCase);
    }

    static Condition path(String v) {
        return v.contains("{*}") || v.contains("{**}") ? new Condition.PathTemplate(v) : new Condition.Path(value(v));
    }

    /** A principal as policies write it, without scheme. */
    static Condition principal(String v) {
        if (v.equals("*")) {
            return new Condition.PeerPrincipal(ValueMatch.NOT_EMPTY);
        }
        if (v.startsWith("*")) {
            return regex(SCHEME + ".*" + Pattern.quote(v.substring(1)));
        }
        return new Condition.PeerPrincipal(
                v.endsWith("*")
                        ? ValueMatch.prefix(SCHEME + v.substring(0, v.length() - 1))
                        : ValueMatch.exact(SCHEME + v));
    }

    static Condition namespace(String v) {
        return regex(".*/ns/" + stars(v, ".*") + "/.*");
    }

    /** {@code account} of the policy's own namespace, or {@code namespace/account}. */
    static Condition serviceAccount(String field, String v, String policyNamespace) {
        int slash = v.indexOf('/');
        if (v.indexOf('*') >= 0 || v.indexOf('/', slash + 1) > slash && slash >= 0) {
            throw new PolicyException(
                    field, "service account \"" + v + "\" is neither \"name\" nor \"namespace/name\" without a star");
        }
        String ns = slash < 0 ? policyNamespace : v.substring(0, slash);
        String account = slash < 0 ? v : v.substring(slash + 1);
        return regex("spiffe://.+/ns/" + Pattern.quote(ns) + "/(.+/|)sa/" + Pattern.quote(account) + "(/.+)?");
    }

    static Condition trustDomain(String v) {
        if (v.equals("*")) {
            return new Condition.PeerPrincipal(ValueMatch.prefix(SCHEME));
        }
        return v.indexOf('*') < 0
                ? new Condition.PeerPrincipal(ValueMatch.prefix(SCHEME + v + "/"))
                : regex(SCHEME + stars(v, "[^/]*") + "/.*");
    }

    /** {@code issuer/subject}, split at the last slash. */
    static Condition requestPrincipal(String field, String v) {
        if (v.equals("*")) {
            return issuerAndSubject(ValueMatch.NOT_EMPTY, ValueMatch.NOT_EMPTY);
        }
        int slash = v.lastIndexOf('/');
        if (slash <= 0 || slash == v.length() - 1) {
            throw new PolicyException(field, "request principal \"" + v + "\" is not \"issuer/subject\"");
        }
        return issuerAndSubject(value(v.substring(0, slash)), value(v.substring(slash + 1)));
    }

    private static Condition issuerAndSubject(ValueMatch issuer, ValueMatch subject) {
        return new Condition.And(
                List.of(new Condition.Claim(List.of("iss"), issuer), new Condition.Claim(List.of("sub"), subject)));
    }

    static Cidr range(String field, String v) {
        return Cidr.parse(v)
                .orElseThrow(() -> new PolicyException(
                        field, "\"" + v + "\" is no IP address or range; write 10.1.2.3, 10.0.0.0/8 or fd00::/8"));
    }

    static Condition port(String field, String v) {
        try {
            int port = Integer.parseInt(v);
            if (port >= 1 && port <= 65535) {
                return new Condition.DestinationPort(port, port);
            }
        } catch (NumberFormatException e) {
            // answered below
        }
        throw new PolicyException(field, "\"" + v + "\" is no port; write a number from 1 to 65535");
    }

    private static Condition regex(String pattern) {
        return new Condition.PeerPrincipal(new ValueMatch.Regex(pattern));
    }

    private static String stars(String v, String star) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (int i = v.indexOf('*'); i >= 0; i = v.indexOf('*', from)) {
            out.append(Pattern.quote(v.substring(from, i))).append(star);
            from = i + 1;
        }
        return out.append(Pattern.quote(v.substring(from))).toString();
    }
}
