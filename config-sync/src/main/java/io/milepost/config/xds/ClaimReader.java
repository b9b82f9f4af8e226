package io.milepost.config.xds;

import io.envoyproxy.envoy.type.matcher.v3.MetadataMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import io.milepost.mesh.Condition;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What istiod asks of a verified token's payload.
 *
 * <p>istiod writes each comparison twice, for a plain value and for an element of a list; a {@link Condition.Claim}
 * covers both.
 */
final class ClaimReader {
    private ClaimReader() {}

    static Optional<Condition> claim(MetadataMatcher m) {
        List<String> path = new ArrayList<>();
        m.getPathList().forEach(s -> path.add(s.getKey()));
        if (!m.getFilter().equals("envoy.filters.http.jwt_authn")
                || path.size() < 2
                || !path.getFirst().equals("payload")) {
            return Optional.empty();
        }
        Set<ValueMatch> values = new LinkedHashSet<>();
        if (!collect(m.getValue(), values) || values.isEmpty()) {
            return Optional.empty();
        }
        List<String> keys = path.subList(1, path.size());
        List<Condition> claims = new ArrayList<>();
        for (ValueMatch v : values) {
            claims.add(new Condition.Claim(keys, v));
        }
        return Optional.of(Condition.anyOf(claims));
    }

    private static boolean collect(ValueMatcher m, Set<ValueMatch> into) {
        return switch (m.getMatchPatternCase()) {
            case STRING_MATCH -> {
                Optional<ValueMatch> v = Values.value(m.getStringMatch());
                v.ifPresent(into::add);
                yield v.isPresent();
            }
            case LIST_MATCH ->
                m.getListMatch().hasOneOf() && collect(m.getListMatch().getOneOf(), into);
            case OR_MATCH -> {
                boolean all = true;
                for (ValueMatcher x : m.getOrMatch().getValueMatchersList()) {
                    all &= collect(x, into);
                }
                yield all;
            }
            default -> false;
        };
    }
}
