package io.milepost.policy;

import com.google.re2j.PatternSyntaxException;
import io.milepost.mesh.ValueMatch;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;

/**
 * A compiled {@link ValueMatch} over bytes and strings. Immutable; everything but a true regular expression matches
 * without allocating.
 */
public abstract sealed class StringMatcher permits StringMatcher.Literal, StringMatcher.Always, RegexMatcher {

    StringMatcher() {}

    /**
     * Compiles a match.
     *
     * @throws PatternSyntaxException when a regular expression is not RE2 (an {@link IllegalArgumentException})
     */
    public static StringMatcher compile(ValueMatch match) {
        return switch (match) {
            case ValueMatch.Exact m -> new Literal(Literal.Kind.EXACT, m.value(), m.ignoreCase());
            case ValueMatch.Prefix m -> new Literal(Literal.Kind.PREFIX, m.value(), m.ignoreCase());
            case ValueMatch.Suffix m -> new Literal(Literal.Kind.SUFFIX, m.value(), m.ignoreCase());
            case ValueMatch.Contains m -> new Literal(Literal.Kind.CONTAINS, m.value(), m.ignoreCase());
            case ValueMatch.Regex m -> RegexMatcher.of(m.pattern());
            case ValueMatch.Present p -> Always.PRESENT;
            case ValueMatch.NotEmpty p -> Always.NOT_EMPTY;
        };
    }

    /** Whether the bytes match; what cannot be decided does not. */
    public final boolean matches(byte[] bytes, int offset, int length) {
        return test(bytes, offset, length) == Verdict.YES;
    }

    /** Whether the value matches; what cannot be decided does not. */
    public final boolean matches(AsciiString value) {
        return test(value.array(), value.arrayOffset(), value.length()) == Verdict.YES;
    }

    /** Whether the value matches; what cannot be decided does not. */
    public final boolean matches(String value) {
        return test(value) == Verdict.YES;
    }

    /** As {@link #matches(AsciiString)}, but tells apart what cannot be decided. */
    public final Verdict test(AsciiString value) {
        return test(value.array(), value.arrayOffset(), value.length());
    }

    /** As {@link #matches(byte[], int, int)}, but tells apart what cannot be decided. */
    public abstract Verdict test(byte[] bytes, int offset, int length);

    /** As {@link #matches(String)}, but tells apart what cannot be decided. */
    public abstract Verdict test(String value);

    /** Any value, or any that is not empty. */
    static final class Always extends StringMatcher {
        static final Always PRESENT = new Always(0);
        static final Always NOT_EMPTY = new Always(1);
        private final int minimum;

        private Always(int minimum) {
            this.minimum = minimum;
        }

        @Override
        public Verdict test(byte[] bytes, int offset, int length) {
            return Verdict.of(length >= minimum);
        }

        @Override
        public Verdict test(String value) {
            return Verdict.of(value.length() >= minimum);
        }
    }

    /** Comparison with fixed text. */
    static final class Literal extends StringMatcher {
        enum Kind {
            EXACT,
            PREFIX,
            SUFFIX,
            CONTAINS
        }

        private final Kind kind;
        private final boolean ignoreCase;
        private final String text;
        private final byte[] bytes;

        Literal(Kind kind, String text, boolean ignoreCase) {
            this.kind = kind;
            this.ignoreCase = ignoreCase;
            this.text = text;
            this.bytes = text.getBytes(StandardCharsets.UTF_8);
            if (ignoreCase) {
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = lower(bytes[i]);
                }
            }
        }

        @Override
        public Verdict test(byte[] b, int offset, int length) {
            int n = bytes.length;
            if (length < n) {
                return Verdict.NO;
            }
            return switch (kind) {
                case EXACT -> Verdict.of(length == n && at(b, offset));
                case PREFIX -> Verdict.of(at(b, offset));
                case SUFFIX -> Verdict.of(at(b, offset + length - n));
                case CONTAINS -> {
                    for (int i = offset; i <= offset + length - n; i++) {
                        if (at(b, i)) {
                            yield Verdict.YES;
                        }
                    }
                    yield Verdict.NO;
                }
            };
        }

        private boolean at(byte[] b, int offset) {
            for (int i = 0; i < bytes.length; i++) {
                byte c = b[offset + i];
                if ((ignoreCase ? lower(c) : c) != bytes[i]) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public Verdict test(String s) {
            int n = text.length();
            if (s.length() < n) {
                return Verdict.NO;
            }
            return switch (kind) {
                case EXACT -> Verdict.of(s.length() == n && region(s, 0));
                case PREFIX -> Verdict.of(region(s, 0));
                case SUFFIX -> Verdict.of(region(s, s.length() - n));
                case CONTAINS -> {
                    for (int i = 0; i <= s.length() - n; i++) {
                        if (region(s, i)) {
                            yield Verdict.YES;
                        }
                    }
                    yield Verdict.NO;
                }
            };
        }

        private boolean region(String s, int from) {
            for (int i = 0; i < text.length(); i++) {
                char a = s.charAt(from + i);
                char b = text.charAt(i);
                if (a != b && !(ignoreCase && lower(a) == lower(b))) {
                    return false;
                }
            }
            return true;
        }

        private static byte lower(byte c) {
            return c >= 'A' && c <= 'Z' ? (byte) (c + 32) : c;
        }

        private static char lower(char c) {
            return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
        }
    }
}
