package io.milepost.config.kube;

import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Rules that can never match, because earlier ones take all that they would. A rule counts as hidden only when it is so
 * with all its matches and on all ports.
 */
final class Shadows {
    private static final Pattern INDEX = Pattern.compile("\\[(\\d+)]");
    /** Beyond that many rules of one port only equal matches are looked for. */
    private static final int PAIRWISE = 300;

    private record Tally(int seen, int hidden, String message) {}

    private final Map<String, Map<SourceRef, Tally>> chains = new HashMap<>();
    private Map<SourceRef, Tally> tallies = new HashMap<>();
    /** What was told since findings were asked for; nothing of it may change them. */
    private final List<Map<SourceRef, Tally>> fresh = new ArrayList<>();

    private boolean changed;
    /** Rules that are hidden on some port. */
    private Set<SourceRef> suspects = Set.of();

    private List<Finding> findings = List.of();

    /** What is told from now on belongs to a chain; what was told of it before is forgotten. */
    void begin(String chain) {
        tallies = new HashMap<>();
        Map<SourceRef, Tally> before = chains.put(chain, tallies);
        fresh.add(tallies);
        changed |= before != null && matters(before);
    }

    private boolean matters(Map<SourceRef, Tally> told) {
        for (Map.Entry<SourceRef, Tally> e : told.entrySet()) {
            if (e.getValue().hidden() > 0 || suspects.contains(e.getKey())) {
                return true;
            }
        }
        return false;
    }

    /** All rules of a port in the order in which they are tried. */
    void examine(List<RouteRule> rules) {
        boolean many = rules.size() > PAIRWISE;
        Map<RouteMatch, RouteRule> equal = new HashMap<>();
        for (int i = 0; i < rules.size(); i++) {
            RouteRule rule = rules.get(i);
            RouteRule by = many ? equal.putIfAbsent(rule.match(), rule) : hiding(rules, i);
            if (by == null) {
                count(rule, "");
            } else {
                cut(rule, by);
            }
        }
    }

    /** The first earlier rule with the same match, else the first that takes all that this one would. */
    private static @Nullable RouteRule hiding(List<RouteRule> rules, int of) {
        RouteMatch match = rules.get(of).match();
        RouteRule first = null;
        for (int i = 0; i < of; i++) {
            RouteRule rule = rules.get(i);
            if (covers(rule.match(), match)) {
                if (rule.match().equals(match)) {
                    return rule;
                }
                first = first == null ? rule : first;
            }
        }
        return first;
    }

    /** A rule that was left out behind another one. */
    void cut(RouteRule rule, RouteRule by) {
        String why = by.match().equals(rule.match()) ? "has the same match" : "takes all that it would match";
        count(rule, message(rule.source(), by.source(), why));
    }

    private void count(RouteRule rule, String message) {
        tallies.merge(rule.source(), new Tally(1, message.isEmpty() ? 0 : 1, message), Shadows::join);
    }

    private static Tally join(Tally a, Tally b) {
        return new Tally(
                a.seen() + b.seen(),
                a.hidden() + b.hidden(),
                a.message().isEmpty() || !b.message().isEmpty() && b.message().compareTo(a.message()) < 0
                        ? b.message()
                        : a.message());
    }

    List<Finding> findings() {
        for (Map<SourceRef, Tally> f : fresh) {
            changed = changed || matters(f);
        }
        fresh.clear();
        if (changed) {
            findings = find();
            changed = false;
        }
        return findings;
    }

    private List<Finding> find() {
        Map<SourceRef, Tally> hidden = new HashMap<>();
        for (Map<SourceRef, Tally> chain : chains.values()) {
            chain.forEach((source, t) -> {
                if (t.hidden() == t.seen() && !source.equals(SourceRef.DEFAULT)) {
                    hidden.merge(source, t, Shadows::join);
                }
            });
        }
        suspects = Set.copyOf(hidden.keySet());
        // On another port it may well match.
        for (Map<SourceRef, Tally> chain : chains.values()) {
            chain.forEach((source, t) -> {
                if (t.hidden() != t.seen()) {
                    hidden.remove(source);
                }
            });
        }
        List<Finding> out = new ArrayList<>();
        hidden.forEach((source, t) -> out.add(Finding.warning(source, t.message())));
        return out;
    }

    /** Whether every request that {@code b} takes is taken by {@code a}; false when that is not obvious. */
    static boolean covers(RouteMatch a, RouteMatch b) {
        return covers(a.path(), b.path())
                && (a.headers().isEmpty() || b.headers().containsAll(a.headers()))
                && (a.query().isEmpty() || b.query().containsAll(a.query()));
    }

    private static boolean covers(PathMatch a, PathMatch b) {
        // Each rule is compared with each before it, and most are prefixes: no general equality for them.
        if (a instanceof PathMatch.SegmentPrefix p
                && b instanceof PathMatch.SegmentPrefix x
                && !p.ignoreCase()
                && !x.ignoreCase()) {
            return below(x.prefix(), p.prefix());
        }
        if (a.equals(b) || a.equals(PathMatch.ANY)) {
            return true;
        }
        return switch (a) {
            case PathMatch.Prefix p
            when !p.ignoreCase() ->
                switch (b) {
                    case PathMatch.Prefix x -> !x.ignoreCase() && x.prefix().startsWith(p.prefix());
                    case PathMatch.SegmentPrefix x ->
                        !x.ignoreCase() && x.prefix().startsWith(p.prefix());
                    case PathMatch.Exact x -> !x.ignoreCase() && x.path().startsWith(p.prefix());
                    case PathMatch.Regex x -> false;
                };
            case PathMatch.SegmentPrefix p
            when !p.ignoreCase() ->
                switch (b) {
                    case PathMatch.Prefix x -> !x.ignoreCase() && x.prefix().startsWith(p.prefix() + "/");
                    case PathMatch.SegmentPrefix x -> !x.ignoreCase() && below(x.prefix(), p.prefix());
                    case PathMatch.Exact x -> !x.ignoreCase() && below(x.path(), p.prefix());
                    case PathMatch.Regex x -> false;
                };
            default -> false;
        };
    }

    private static boolean below(String path, String prefix) {
        return path.startsWith(prefix) && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/');
    }

    /** For example: rule 3 of VirtualService reviews can never match: rule 1 has the same match. */
    static String message(SourceRef hidden, SourceRef by, String why) {
        String of = hidden.kind().equals(by.kind())
                        && hidden.namespace().equals(by.namespace())
                        && hidden.name().equals(by.name())
                ? ""
                : " of " + name(by);
        return "rule " + number(hidden) + " of " + name(hidden) + " can never match: rule " + number(by) + of + " "
                + why;
    }

    private static String name(SourceRef r) {
        return r.kind() + " " + r.name();
    }

    /** Rules count from one. */
    private static int number(SourceRef r) {
        Matcher m = INDEX.matcher(r.field());
        return m.find() ? Integer.parseInt(m.group(1)) + 1 : 1;
    }
}
