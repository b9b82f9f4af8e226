package io.milepost.policy;

import com.google.re2j.PatternSyntaxException;
import io.milepost.http.RequestHead;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.IpAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A compiled {@link Condition}: a tree of small tests that evaluates without allocating. */
@FunctionalInterface
interface Rule {
    Verdict test(Attributes a);

    Rule UNKNOWN = a -> Verdict.UNKNOWN;
    Rule YES = a -> Verdict.YES;

    /** Never fails: what cannot be compiled is undecidable, which fails closed in every stage. */
    static Rule compile(Condition condition) {
        try {
            return switch (condition) {
                case Condition.And c -> and(compileAll(c.all()));
                case Condition.Or c -> or(compileAll(c.any()));
                case Condition.Not c -> not(compile(c.condition()));
                case Condition.Any c -> YES;
                case Condition.PeerPrincipal c -> principal(StringMatcher.compile(c.value()));
                case Condition.SourceIp c -> sourceIp(c.range());
                case Condition.RemoteIp c -> remoteIp(c.range());
                case Condition.DestinationIp c -> destinationIp(c.range());
                case Condition.DestinationPort c -> port(c.from(), c.to());
                case Condition.Path c -> path(StringMatcher.compile(c.value()));
                case Condition.PathTemplate c -> template(UriTemplate.parse(c.template()));
                case Condition.Header c -> header(HeaderMatcher.compile(c.match()));
                case Condition.RequestedServerName c -> serverName(StringMatcher.compile(c.value()));
                case Condition.Claim c -> claim(c.path(), StringMatcher.compile(c.value()));
                case Condition.NotUnderstood c -> UNKNOWN;
            };
        } catch (PatternSyntaxException e) {
            return UNKNOWN;
        }
    }

    private static Rule[] compileAll(List<Condition> conditions) {
        return conditions.stream().map(Rule::compile).toArray(Rule[]::new);
    }

    private static Rule and(Rule[] rules) {
        if (rules.length == 1) {
            return rules[0];
        }
        return a -> {
            Verdict v = Verdict.YES;
            for (Rule r : rules) {
                Verdict x = r.test(a);
                if (x == Verdict.NO) {
                    return x;
                }
                if (x == Verdict.UNKNOWN) {
                    v = x;
                }
            }
            return v;
        };
    }

    private static Rule or(Rule[] rules) {
        if (rules.length == 1) {
            return rules[0];
        }
        return a -> {
            Verdict v = Verdict.NO;
            for (Rule r : rules) {
                Verdict x = r.test(a);
                if (x == Verdict.YES) {
                    return x;
                }
                if (x == Verdict.UNKNOWN) {
                    v = x;
                }
            }
            return v;
        };
    }

    private static Rule not(Rule rule) {
        return a -> rule.test(a).not();
    }

    private static Rule principal(StringMatcher m) {
        return a -> {
            String p = a.peerPrincipal();
            return p == null ? Verdict.NO : m.test(p);
        };
    }

    private static Rule sourceIp(Cidr range) {
        return a -> Verdict.of(range.contains(a.sourceIp()));
    }

    private static Rule remoteIp(Cidr range) {
        return a -> Verdict.of(range.contains(a.remoteIp()));
    }

    private static Rule destinationIp(Cidr range) {
        return a -> {
            IpAddress ip = a.destinationIp();
            return Verdict.of(ip != null && range.contains(ip));
        };
    }

    private static Rule port(int from, int to) {
        return a -> Verdict.of(a.destinationPort() >= from && a.destinationPort() <= to);
    }

    private static Rule path(StringMatcher m) {
        return a -> {
            RequestHead r = a.request();
            return r == null
                    ? Verdict.UNKNOWN
                    : m.test(r.path().array(), r.path().arrayOffset(), r.pathLength());
        };
    }

    private static Rule template(Optional<UriTemplate> parsed) {
        if (parsed.isEmpty()) {
            return UNKNOWN;
        }
        UriTemplate t = parsed.get();
        return a -> {
            RequestHead r = a.request();
            return r == null
                    ? Verdict.UNKNOWN
                    : Verdict.of(t.matches(r.path().array(), r.path().arrayOffset(), r.pathLength()));
        };
    }

    private static Rule header(HeaderMatcher m) {
        return a -> {
            RequestHead r = a.request();
            return r == null ? Verdict.UNKNOWN : m.test(r);
        };
    }

    private static Rule serverName(StringMatcher m) {
        return a -> {
            String s = a.requestedServerName();
            return s == null ? Verdict.NO : m.test(s);
        };
    }

    /** A token is an HTTP matter too: on TCP the condition cannot be decided. */
    private static Rule claim(List<String> path, StringMatcher m) {
        return a -> {
            if (a.request() == null) {
                return Verdict.UNKNOWN;
            }
            Attributes.@Nullable Claims claims = a.claims();
            if (claims == null) {
                return Verdict.NO;
            }
            List<String> values = claims.values(path);
            Verdict v = Verdict.NO;
            for (int i = 0; i < values.size(); i++) {
                Verdict x = m.test(values.get(i));
                if (x == Verdict.YES) {
                    return x;
                }
                if (x == Verdict.UNKNOWN) {
                    v = x;
                }
            }
            return v;
        };
    }
}
