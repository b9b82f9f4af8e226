package io.milepost.policy;

import com.google.re2j.Pattern;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression (RE2, full match) over text.
 *
 * <p>Those that istiod writes most ({@code .*}, {@code .+}, {@code .*text.*}, {@code text.*}, {@code .*text}) are
 * compared without the engine. Bytes that are no UTF-8 cannot be decided: RE2 says "no match" there, and a DENY would
 * let them pass.
 */
final class RegexMatcher extends StringMatcher {
    private final Pattern pattern;
    private final @Nullable StringMatcher simple;

    private RegexMatcher(Pattern pattern, @Nullable StringMatcher simple) {
        this.pattern = pattern;
        this.simple = simple;
    }

    static RegexMatcher of(String regex) {
        return new RegexMatcher(Pattern.compile(regex), simpleForm(regex));
    }

    /** The same as a comparison with text, for single-line ASCII values; null when it is a true expression. */
    private static @Nullable StringMatcher simpleForm(String regex) {
        String r = regex;
        if (r.startsWith("^")) {
            r = r.substring(1);
        }
        if (r.endsWith("$") && !r.endsWith("\\$")) {
            r = r.substring(0, r.length() - 1);
        }
        if (r.equals(".*")) {
            return Always.PRESENT;
        }
        if (r.equals(".+")) {
            return Always.NOT_EMPTY;
        }
        boolean head = r.startsWith(".*");
        boolean tail = r.length() > 2 && r.endsWith(".*") && !r.endsWith("\\.*");
        String middle = literal(r.substring(head ? 2 : 0, r.length() - (tail ? 2 : 0)));
        if (middle == null) {
            return null;
        }
        Literal.Kind kind = head
                ? tail ? Literal.Kind.CONTAINS : Literal.Kind.SUFFIX
                : tail ? Literal.Kind.PREFIX : Literal.Kind.EXACT;
        return new Literal(kind, middle, false);
    }

    private static @Nullable String literal(String r) {
        StringBuilder s = new StringBuilder(r.length());
        for (int i = 0; i < r.length(); i++) {
            char c = r.charAt(i);
            if (c == '\\') {
                if (++i == r.length() || Character.isLetterOrDigit(r.charAt(i)) || r.charAt(i) > '~') {
                    return null;
                }
                s.append(r.charAt(i));
            } else if (c > '~' || c < ' ' || ".^$*+?()[]{}|".indexOf(c) >= 0) {
                return null;
            } else {
                s.append(c);
            }
        }
        return s.toString();
    }

    @Override
    public Verdict test(byte[] b, int offset, int length) {
        boolean ascii = true;
        boolean plain = true;
        for (int i = offset; i < offset + length; i++) {
            ascii &= b[i] >= 0;
            plain &= b[i] != '\n';
        }
        if (ascii && plain && simple != null) {
            return simple.test(b, offset, length);
        }
        if (ascii) {
            return Verdict.of(pattern.matches(new String(b, offset, length, StandardCharsets.ISO_8859_1)));
        }
        String text = decode(b, offset, length);
        return text == null ? Verdict.UNKNOWN : Verdict.of(pattern.matches(text));
    }

    @Override
    public Verdict test(String value) {
        if (simple != null && isPlain(value)) {
            return simple.test(value);
        }
        return Verdict.of(pattern.matches(value));
    }

    private static boolean isPlain(String s) {
        for (int i = 0; i < s.length(); i++) {
            if (s.charAt(i) == '\n' || s.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }

    private static @Nullable String decode(byte[] b, int offset, int length) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(b, offset, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
