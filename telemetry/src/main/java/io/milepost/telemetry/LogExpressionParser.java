package io.milepost.telemetry;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Recursive descent over the part of CEL that log filters use: attributes, literals, comparisons, {@code && || !}, {@code
 * in [..]}, {@code has(..)}, {@code size(..)} and {@code startsWith, endsWith, contains, matches}.
 *
 * <p>Values are Boolean, Long, CharSequence, List, Instant or Duration; null is CEL's error: it spreads, except that {@code false && error}
 * is false and {@code true || error} is true.
 */
final class LogExpressionParser {
    private static final int DEPTH_MAX = 64;

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
                return c -> compare(left.evaluate(c), right.evaluate(c), op);
            }
        }
        if (word("in")) {
            LogExpression right = unary();
            return c -> contains(right.evaluate(c), left.evaluate(c));
        }
        return left;
    }

    private static @Nullable Object contains(@Nullable Object list, @Nullable Object value) {
        if (value == null || !(list instanceof List<?> l)) {
            return null;
        }
        for (Object o : l) {
            if (Boolean.TRUE.equals(compare(value, o, "=="))) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Object compare(@Nullable Object a, @Nullable Object b, String op) {
        if (a == null || b == null) {
            return null;
        }
        int order;
        if (a instanceof Long x && b instanceof Long y) {
            order = Long.compare(x, y);
        } else if (a instanceof CharSequence x && b instanceof CharSequence y) {
            order = CharSequence.compare(x, y);
        } else if (a instanceof Boolean x && b instanceof Boolean y) {
            order = Boolean.compare(x, y);
        } else if (a instanceof Instant x && b instanceof Instant y) {
            order = x.compareTo(y);
        } else if (a instanceof Duration x && b instanceof Duration y) {
            order = x.compareTo(y);
        } else {
            return op.equals("==") ? (Object) false : op.equals("!=") ? (Object) true : null;
        }
        return switch (op) {
            case "==" -> order == 0;
            case "!=" -> order != 0;
            case "<=" -> order <= 0;
            case ">=" -> order >= 0;
            case "<" -> order < 0;
            default -> order > 0;
        };
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
            return size(receiver);
        }
        LogExpression argument = or();
        expect(")");
        return switch (method) {
            case "startsWith" -> texts(receiver, argument, (s, t) -> s.startsWith(t));
            case "endsWith" -> texts(receiver, argument, (s, t) -> s.endsWith(t));
            case "contains" -> texts(receiver, argument, (s, t) -> s.contains(t));
            case "matches" -> matches(receiver, argument);
            default -> throw problem("unknown function ." + method + "()");
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
        return c -> receiver.evaluate(c) instanceof CharSequence s
                ? (Object) p.matcher(s.toString()).find()
                : null;
    }

    private interface TextTest {
        boolean test(String s, String t);
    }

    private static LogExpression texts(LogExpression receiver, LogExpression argument, TextTest test) {
        return c -> receiver.evaluate(c) instanceof CharSequence s && argument.evaluate(c) instanceof CharSequence t
                ? (Object) test.test(s.toString(), t.toString())
                : null;
    }

    private static LogExpression size(LogExpression of) {
        return c -> switch (of.evaluate(c)) {
            case CharSequence s -> (long) s.length();
            case List<?> l -> (long) l.size();
            case null, default -> null;
        };
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
                yield size(e);
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
            case "filter_state" -> LogAttributes.filterState(key());
            default -> attribute(name);
        };
    }

    private LogExpression attribute(String root) {
        expect(".");
        String path = root + "." + name();
        if (path.equals("request.headers") || path.equals("response.headers")) {
            String header;
            if (peek('[')) {
                header = key();
            } else {
                expect(".");
                header = name();
            }
            return LogAttributes.header(path, header);
        }
        if (path.equals("metadata.filter_metadata")) {
            return metadata(root);
        }
        if (path.endsWith("_metadata") && accept(".")) {
            String member = name();
            if (member.equals("filter_metadata")) {
                return metadata(path);
            }
            throw problem("unknown attribute " + path + "." + member);
        }
        LogExpression a = LogAttributes.named(path);
        if (a == null) {
            throw problem("unknown attribute " + path);
        }
        return a;
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
