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

    private final String text;
    private int at;
    private int depth;

    private LogExpressionParser(String text) {
        this.text = text;
    }

    static LogExpression parse(String text) {
        LogExpressionParser p = new LogExpressionParser(text);
        LogExpression e = p.or();
        p.blanks();
        if (p.at < text.length()) {
            throw p.problem("unexpected \"" + text.substring(p.at) + "\"");
        }
        return e;
    }

    private LogExpression or() {
        if (++depth > DEPTH_MAX) {
            throw problem("nested too deeply");
        }
        LogExpression left = and();
        while (accept("||")) {
            LogExpression l = left;
            LogExpression r = and();
            left = c -> connect(l.evaluate(c), r, c, true);
        }
        depth--;
        return left;
    }

    private LogExpression and() {
        LogExpression left = comparison();
        while (accept("&&")) {
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
            if (accept(op)) {
                LogExpression right = unary();
                return c -> CelValues.compare(left.evaluate(c), right.evaluate(c), op);
            }
        }
        if (word("in")) {
            LogExpression right = unary();
            return c -> CelValues.contains(right.evaluate(c), left.evaluate(c));
        }
        return left;
    }

    private LogExpression unary() {
        blanks();
        if (!text.startsWith("!=", at) && accept("!")) {
            if (++depth > DEPTH_MAX) {
                throw problem("nested too deeply");
            }
            LogExpression e = unary();
            depth--;
            return c -> e.evaluate(c) instanceof Boolean b ? (Object) !b : null;
        }
        LogExpression e = primary();
        while (accept(".")) {
            e = call(e, name());
        }
        return e;
    }

    private LogExpression call(LogExpression receiver, String method) {
        expect("(");
        if (method.equals("size")) {
            expect(")");
            return c -> CelValues.size(receiver.evaluate(c));
        }
        if (CelValues.isPartOfTime(method)) {
            ZoneId zone = zone();
            return c -> CelValues.part(receiver.evaluate(c), method, zone);
        }
        if (!TESTS.contains(method)) {
            throw problem("unknown function ." + method + "()");
        }
        LogExpression argument = or();
        expect(")");
        return switch (method) {
            case "startsWith" -> texts(receiver, argument, (s, t) -> s.startsWith(t));
            case "endsWith" -> texts(receiver, argument, (s, t) -> s.endsWith(t));
            case "contains" -> texts(receiver, argument, (s, t) -> s.contains(t));
            default -> matches(receiver, argument);
        };
    }

    private LogExpression matches(LogExpression receiver, LogExpression argument) {
        if (!(argument instanceof Literal l) || !(l.value instanceof String regex)) {
            throw problem(".matches() needs a literal expression");
        }
        Pattern p;
        try {
            p = Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw problem("regular expression \"" + regex + "\": " + e.getMessage());
        }
        return c -> CelValues.matches(receiver.evaluate(c), p);
    }

    /** The rest of a call whose argument may name a time zone. */
    private ZoneId zone() {
        blanks();
        String name = peek(')') ? "" : quoted();
        expect(")");
        try {
            return CelValues.zone(name);
        } catch (IllegalArgumentException e) {
            throw problem(String.valueOf(e.getMessage()));
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
        blanks();
        if (accept("(")) {
            LogExpression e = or();
            expect(")");
            return e;
        }
        if (accept("[")) {
            return list();
        }
        char c = at < text.length() ? text.charAt(at) : 0;
        if (c == '"' || c == '\'') {
            return new Literal(quoted());
        }
        if (c == '-' || c >= '0' && c <= '9') {
            return new Literal(number());
        }
        String name = name();
        return switch (name) {
            case "true" -> new Literal(true);
            case "false" -> new Literal(false);
            case "has" -> {
                expect("(");
                LogExpression e = unary();
                expect(")");
                yield k -> e.evaluate(k) != null;
            }
            case "size" -> {
                expect("(");
                LogExpression e = or();
                expect(")");
                yield k -> CelValues.size(e.evaluate(k));
            }
            case "timestamp", "duration" -> {
                expect("(");
                String literal = quoted();
                expect(")");
                try {
                    yield new Literal(
                            name.equals("duration") ? CelTimes.duration(literal) : CelTimes.timestamp(literal));
                } catch (IllegalArgumentException e) {
                    throw problem(String.valueOf(e.getMessage()));
                }
            }
            case "filter_state" -> peek('[') ? LogAttributes.filterState(key()) : bare(name);
            default -> peek('.') ? attribute(name) : bare(name);
        };
    }

    /** An attribute as a whole. */
    private LogExpression bare(String path) {
        LogExpression e = LogAttributes.named(path);
        if (e == null) {
            throw problem("unknown attribute " + path);
        }
        return e;
    }

    private LogExpression attribute(String root) {
        expect(".");
        String path = root + "." + name();
        if (path.equals("request.headers") || path.equals("response.headers")) {
            return header(path);
        }
        if (path.equals("metadata.filter_metadata")) {
            return peek('[') ? metadata(root) : bare(path);
        }
        if (path.equals("xds.node")) {
            while (accept(".")) {
                name();
            }
            return bare(path);
        }
        if (path.endsWith("_metadata") && accept(".")) {
            String member = name();
            if (member.equals("filter_metadata")) {
                return metadata(path);
            }
            throw problem("unknown attribute " + path + "." + member);
        }
        return bare(path);
    }

    /** One header, or all of them with what is asked of them. */
    private LogExpression header(String path) {
        if (peek('[')) {
            return LogAttributes.header(path, key());
        }
        if (!accept(".")) {
            return bare(path);
        }
        String header = name();
        return peek('(') ? call(bare(path), header) : LogAttributes.header(path, header);
    }

    private LogExpression metadata(String of) {
        LogExpression e = LogAttributes.metadata(of, key(), key());
        if (e == null) {
            throw problem("unknown attribute " + of);
        }
        return e;
    }

    /** {@code ['text']}. */
    private String key() {
        expect("[");
        blanks();
        String key = quoted();
        expect("]");
        return key;
    }

    private LogExpression list() {
        List<Object> values = new ArrayList<>();
        if (!accept("]")) {
            do {
                if (!(primary() instanceof Literal l)) {
                    throw problem("lists may hold literals only");
                }
                values.add(l.value);
            } while (accept(","));
            expect("]");
        }
        return new Literal(List.copyOf(values));
    }

    private Long number() {
        int start = at;
        at += text.charAt(at) == '-' ? 1 : 0;
        while (at < text.length() && Character.digit(text.charAt(at), 10) >= 0) {
            at++;
        }
        try {
            return Long.valueOf(text.substring(start, at));
        } catch (NumberFormatException e) {
            throw problem("\"" + text.substring(start, at) + "\" is no whole number");
        }
    }

    private String quoted() {
        char quote = at < text.length() ? text.charAt(at) : 0;
        if (quote != '"' && quote != '\'') {
            throw problem("a quoted text is missing");
        }
        StringBuilder s = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == quote) {
                at++;
                return s.toString();
            }
            if (c == '\\' && at + 1 < text.length()) {
                c = text.charAt(++at);
                c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
            }
            s.append(c);
        }
        throw problem("a quoted text is not closed");
    }

    private String name() {
        blanks();
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
            at++;
        }
        if (start == at) {
            throw problem("a name is missing");
        }
        return text.substring(start, at);
    }

    private boolean word(String w) {
        blanks();
        boolean is = text.startsWith(w, at)
                && (at + w.length() == text.length() || !Character.isLetterOrDigit(text.charAt(at + w.length())));
        at += is ? w.length() : 0;
        return is;
    }

    private boolean accept(String token) {
        blanks();
        boolean is = text.startsWith(token, at);
        at += is ? token.length() : 0;
        return is;
    }

    private boolean peek(char c) {
        blanks();
        return at < text.length() && text.charAt(at) == c;
    }

    private void expect(String token) {
        if (!accept(token)) {
            throw problem("\"" + token + "\" is missing");
        }
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private IllegalArgumentException problem(String what) {
        return new IllegalArgumentException("expression \"" + text + "\", character " + (at + 1) + ": " + what);
    }
}
