package io.milepost.filters;

import io.milepost.mesh.ValueMatch;
import io.milepost.policy.StringMatcher;
import io.netty.util.AsciiString;
import java.util.List;

/**
 * The domains of a route table. Letter case does not count; a port is part of the authority, so that {@code
 * *.example.com} does not match {@code a.example.com:80} (recorded from Envoy).
 */
final class HostMatcher {
    private final boolean any;
    private final StringMatcher[] matchers;

    HostMatcher(List<String> domains) {
        any = domains.contains("*");
        matchers = domains.stream().map(HostMatcher::one).toArray(StringMatcher[]::new);
    }

    private static StringMatcher one(String domain) {
        ValueMatch m;
        if (domain.startsWith("*")) {
            m = new ValueMatch.Suffix(domain.substring(1), true);
        } else if (domain.endsWith("*")) {
            m = new ValueMatch.Prefix(domain.substring(0, domain.length() - 1), true);
        } else {
            m = new ValueMatch.Exact(domain, true);
        }
        return StringMatcher.compile(m);
    }

    boolean matches(AsciiString authority) {
        if (any) {
            return true;
        }
        for (StringMatcher m : matchers) {
            if (m.matches(authority)) {
                return true;
            }
        }
        return false;
    }
}
