package io.milepost.config.xds;

import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.HeaderMutations;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Conditions on headers and changes to them. */
final class HeaderReader {
    private HeaderReader() {}

    /** Empty when the kind of comparison is not known here. */
    @SuppressWarnings("deprecation") // older istiods still send the deprecated forms
    static Optional<HeaderMatch> match(HeaderMatcher m) {
        boolean invert = m.getInvertMatch();
        Optional<ValueMatch> value = switch (m.getHeaderMatchSpecifierCase()) {
            case STRING_MATCH -> Values.value(m.getStringMatch());
            case EXACT_MATCH -> Optional.of(ValueMatch.exact(m.getExactMatch()));
            case PREFIX_MATCH -> Optional.of(ValueMatch.prefix(m.getPrefixMatch()));
            case SUFFIX_MATCH -> Optional.of(ValueMatch.suffix(m.getSuffixMatch()));
            case CONTAINS_MATCH -> Optional.of(new ValueMatch.Contains(m.getContainsMatch(), false));
            case SAFE_REGEX_MATCH ->
                Optional.of(Values.regex(m.getSafeRegexMatch().getRegex()));
            case PRESENT_MATCH -> Optional.of(ValueMatch.PRESENT);
            case HEADERMATCHSPECIFIER_NOT_SET -> Optional.of(ValueMatch.PRESENT);
            default -> Optional.empty();
        };
        boolean absent = m.hasPresentMatch() && !m.getPresentMatch();
        return value.map(v ->
                new HeaderMatch(Values.headerName(m.getName()), v, invert != absent, m.getTreatMissingHeaderAsEmpty()));
    }

    static HeaderMutations mutations(List<String> remove, List<HeaderValueOption> add) {
        if (remove.isEmpty() && add.isEmpty()) {
            return HeaderMutations.NONE;
        }
        List<HeaderMutations.Op> ops = new ArrayList<>(add.size());
        for (HeaderValueOption o : add) {
            if (o.getHeader().getValue().isEmpty() && !o.getKeepEmptyValue()) {
                // An empty value does nothing.
                continue;
            }
            ops.add(new HeaderMutations.Op(
                    o.getHeader().getKey().toLowerCase(Locale.ROOT),
                    o.getHeader().getValue(),
                    action(o)));
        }
        return new HeaderMutations(
                remove.stream().map(n -> n.toLowerCase(Locale.ROOT)).toList(), ops);
    }

    @SuppressWarnings("deprecation") // "append: false" is the old form of OVERWRITE
    private static HeaderMutations.Action action(HeaderValueOption o) {
        if (o.hasAppend() && !o.getAppend().getValue()) {
            return HeaderMutations.Action.SET;
        }
        return switch (o.getAppendAction()) {
            case ADD_IF_ABSENT -> HeaderMutations.Action.ADD_IF_ABSENT;
            case OVERWRITE_IF_EXISTS_OR_ADD -> HeaderMutations.Action.SET;
            case OVERWRITE_IF_EXISTS -> HeaderMutations.Action.SET_IF_PRESENT;
            default -> HeaderMutations.Action.ADD;
        };
    }
}
