package io.milepost.config.xds;

import com.google.protobuf.Duration;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.ValueMatch;
import java.util.Locale;
import java.util.Optional;

/** Small values of Envoy's API. */
final class Values {
    private Values() {}

    static long millis(Duration d) {
        return Durations.toMillis(d);
    }

    /** Numbers above {@link Integer#MAX_VALUE} are no limit. */
    static int limit(boolean present, UInt32Value v, int otherwise) {
        return !present ? otherwise : v.getValue() < 0 ? Integer.MAX_VALUE : v.getValue();
    }

    static int perMillion(FractionalPercent p) {
        long scale = switch (p.getDenominator()) {
            case HUNDRED -> 10_000;
            case TEN_THOUSAND -> 100;
            default -> 1;
        };
        return (int) Math.min(1_000_000, Integer.toUnsignedLong(p.getNumerator()) * scale);
    }

    static Optional<Cidr> cidr(CidrRange r) {
        return cidr(r.getAddressPrefix(), r.hasPrefixLen() ? r.getPrefixLen().getValue() : 0);
    }

    static Optional<Cidr> cidr(String address, int prefix) {
        return IpAddress.parse(address)
                .filter(ip -> prefix >= 0 && prefix <= ip.bits())
                .map(ip -> Cidr.of(ip, prefix));
    }

    /** Empty when the kind of comparison is not known here. */
    static Optional<ValueMatch> value(StringMatcher m) {
        boolean ic = m.getIgnoreCase();
        return switch (m.getMatchPatternCase()) {
            case EXACT -> Optional.of(new ValueMatch.Exact(m.getExact(), ic));
            case PREFIX -> Optional.of(new ValueMatch.Prefix(m.getPrefix(), ic));
            case SUFFIX -> Optional.of(new ValueMatch.Suffix(m.getSuffix(), ic));
            case CONTAINS -> Optional.of(new ValueMatch.Contains(m.getContains(), ic));
            case SAFE_REGEX -> Optional.of(regex(m.getSafeRegex().getRegex()));
            default -> Optional.empty();
        };
    }

    /** {@code .+} is how Istio writes "not empty". */
    static ValueMatch regex(String pattern) {
        return pattern.equals(".+") ? ValueMatch.NOT_EMPTY : new ValueMatch.Regex(pattern);
    }

    /** Envoy knows the authority under both names. */
    static String headerName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.equals("host") ? ":authority" : lower;
    }
}
