package io.milepost.telemetry;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Recursive descent over the part of CEL that log filters use: attributes, literals, comparisons, {@code && || !}, {@code
 * in ..}, {@code has(..)}, {@code size(..)}, {@code startsWith, endsWith, contains, matches} and the parts of times.
 *
 * <p>What comes of values is in {@link CelValues}; null is CEL's error: it spreads, except that {@code false && error} is false
 * and {@code true || error} is true.
 */
final class LogExpressionParser {
    private static final int DEPTH_MAX = 64;
    /** Methods of texts with one argument. */
    private static final Set<String> TESTS = Set.of("startsWith", "endsWith", "contains", "matches");

    private final ExpressionScanner in;
    private int depth;

    private LogExpressionParser(String text) {
        this.in = new ExpressionScanner(text);
    }

    static LogExpression parse(String text) {
        LogExpressionParser p = new LogExpressionParser(text);
        LogExpression e = p.or();
        p.in.expectEnd();
        return e;
    }

    private LogExpression or() {
        if (++depth > DEPTH_MAX) {
            throw in.problem("nested too deeply");
        }
        LogExpression left = and();
        while (in.accept("||")) {
            LogExpression l = left;
            LogExpression r = and();
            left = c -> connect(l.evaluate(c), r, c, true);
        }
        depth--;
        return left;
    }

    private LogExpression and() {
        LogExpression left = comparison();
        while (in.accept("&&")) {
            LogExpression l = left;
            LogExpression r = comparison();
            left = c -> connect(l.evaluate(c), r, c, false);
        }
        return left;
    }

    /** @param decisive the value of either side that decides alone */
    private static @Nullable Object connect(
            @Nullable Object left, LogExpression right, LogContext c, boolean decisive) {
        if (left instanceof Boolean l && l == decisive) {
            return left;
        }
        Object r = right.evaluate(c);
        if (r instanceof Boolean b && b == decisive) {
            return r;
        }
        return left instanceof Boolean && r instanceof Boolean ? r : null;
    }

    private LogExpression comparison() {
        LogExpression left = unary();
        for (String op : new String[] {"==", "!=", "<=", ">=", "<", ">"}) {
            if (in.accept(op)) {
                LogExpression right = unary();
                return c -> CelValues.compare(left.evaluate(c), right.evaluate(c), op);
            }
        }
        if (in.word("in")) {
            LogExpression right = unary();
            return c -> CelValues.contains(right.evaluate(c), left.evaluate(c));
        }
        return left;
    }

    private LogExpression unary() {
        if (!in.comes("!=") && in.accept("!")) {
            if (++depth > DEPTH_MAX) {
                throw in.problem("nested too deeply");
            }
            LogExpression e = unary();
            depth--;
            return c -> e.evaluate(c) instanceof Boolean b ? (Object) !b : null;
        }
        LogExpression e = primary();
        while (in.accept(".")) {
            e = call(e, in.name());
        }
        return e;
    }

    private LogExpression call(LogExpression receiver, String method) {
        in.expect("(");
        if (method.equals("size")) {
            in.expect(")");
            return c -> CelValues.size(receiver.evaluate(c));
        }
        if (CelValues.isPartOfTime(method)) {
            ZoneId zone = zone();
            return c -> CelValues.part(receiver.evaluate(c), method, zone);
        }
        if (!TESTS.contains(method)) {
            throw in.problem("unknown function ." + method + "()");
        }
        LogExpression argument = or();
        in.expect(")");
        return switch (method) {
            case "startsWith" -> texts(receiver, argument, (s, t) -> s.startsWith(t));
            case "endsWith" -> texts(receiver, argument, (s, t) -> s.endsWith(t));
            case "contains" -> texts(receiver, argument, (s, t) -> s.contains(t));
            default -> matches(receiver, argument);
        };
    }

    private LogExpression matches(LogExpression receiver, LogExpression argument) {
        if (!(argument instanceof Literal l) || !(l.value instanceof String regex)) {
            throw in.problem(".matches() needs a literal expression");
        }
        Pattern p;
        try {
            p = Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw in.problem("regular expression \"" + regex + "\": " + e.getMessage());
        }
        return c -> CelValues.matches(receiver.evaluate(c), p);
    }

    /** The rest of a call whose argument may name a time zone. */
    private ZoneId zone() {
        String name = in.peek(')') ? "" : in.quoted();
        in.expect(")");
        try {
            return CelValues.zone(name);
        } catch (IllegalArgumentException e) {
            throw in.problem(String.valueOf(e.getMessage()));
        }
    }

    private interface TextTest {
        boolean test(String s, String t);
    }

    private static LogExpression texts(LogExpression receiver, LogExpression argument, TextTest test) {
        return c -> receiver.evaluate(c) instanceof CharSequence s && argument.evaluate(c) instanceof CharSequence t
                ? (Object) test.test(s.toString(), t.toString())
                : null;
    }

    private record Literal(Object value) implements LogExpression {
        @Override
        public Object evaluate(LogContext c) {
            return value;
        }
    }

    private LogExpression primary() {
        if (in.accept("(")) {
            LogExpression e = or();
            in.expect(")");
            return e;
        }
        if (in.accept("[")) {
            return list();
        }
        char c = in.next();
        if (c == '"' || c == '\'') {
            return new Literal(in.quoted());
        }
        if (c == '-' || c >= '0' && c <= '9') {
            return new Literal(in.number());
        }
        String name = in.name();
        return switch (name) {
            case "true" -> new Literal(true);
            case "false" -> new Literal(false);
            case "has" -> {
                in.expect("(");
                LogExpression e = unary();
                in.expect(")");
                yield k -> e.evaluate(k) != null;
            }
            case "size" -> {
                in.expect("(");
                LogExpression e = or();
                in.expect(")");
                yield k -> CelValues.size(e.evaluate(k));
            }
            case "timestamp", "duration" -> {
                in.expect("(");
                String literal = in.quoted();
                in.expect(")");
                try {
                    yield new Literal(
                            name.equals("duration") ? CelTimes.duration(literal) : CelTimes.timestamp(literal));
                } catch (IllegalArgumentException e) {
                    throw in.problem(String.valueOf(e.getMessage()));
                }
            }
            case "filter_state" -> in.peek('[') ? LogAttributes.filterState(key()) : bare(name);
            default -> in.peek('.') ? attribute(name) : bare(name);
        };
    }

    /** An attribute as a whole. */
    private LogExpression bare(String path) {
        LogExpression e = LogAttributes.named(path);
        if (e == null) {
            throw in.problem("unknown attribute " + path);
        }
        return e;
    }

    private LogExpression attribute(String root) {
        in.expect(".");
        String path = root + "." + in.name();
        if (path.equals("request.headers") || path.equals("response.headers")) {
            return header(path);
        }
        if (path.equals("metadata.filter_metadata")) {
            return in.peek('[') ? metadata(root) : bare(path);
        }
        if (path.equals("xds.node")) {
            while (in.accept(".")) {
                in.name();
            }
            return bare(path);
        }
        if (path.endsWith("_metadata") && in.accept(".")) {
            String member = in.name();
            if (member.equals("filter_metadata")) {
                return metadata(path);
            }
            throw in.problem("unknown attribute " + path + "." + member);
        }
        return bare(path);
    }

    /** One header, or all of them with what is asked of them. */
    private LogExpression header(String path) {
        if (in.peek('[')) {
            return LogAttributes.header(path, key());
        }
        if (!in.accept(".")) {
            return bare(path);
        }
        String header = in.name();
        return in.peek('(') ? call(bare(path), header) : LogAttributes.header(path, header);
    }

    private LogExpression metadata(String of) {
        LogExpression e = LogAttributes.metadata(of, key(), key());
        if (e == null) {
            throw in.problem("unknown attribute " + of);
        }
        return e;
    }

    /** {@code ['text']}. */
    private String key() {
        in.expect("[");
        in.blanks();
        String key = in.quoted();
        in.expect("]");
        return key;
    }

    private LogExpression list() {
        List<Object> values = new ArrayList<>();
        if (!in.accept("]")) {
            do {
                if (!(primary() instanceof Literal l)) {
                    throw in.problem("lists may hold literals only");
                }
                values.add(l.value);
            } while (in.accept(","));
            in.expect("]");
        }
        return new Literal(List.copyOf(values));
    }
}
