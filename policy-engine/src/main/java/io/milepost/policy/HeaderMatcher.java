package io.milepost.policy;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.ValueMatch;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * A compiled {@link HeaderMatch}, shared by authorization and routing. Repeated lines are compared one by one and one
 * hit is enough (recorded from Envoy); {@code host} is the authority.
 */
public final class HeaderMatcher {
    private static final AsciiString EMPTY = AsciiString.EMPTY_STRING;

    private enum Field {
        METHOD,
        AUTHORITY,
        SCHEME,
        PATH,
        HEADER
    }

    private final Field field;
    private final HeaderName name;
    private final StringMatcher value;
    private final boolean present;
    private final boolean invert;
    private final boolean treatMissingAsEmpty;

    private HeaderMatcher(HeaderMatch m) {
        field = switch (m.name()) {
            case ":method" -> Field.METHOD;
            case ":authority", "host" -> Field.AUTHORITY;
            case ":scheme" -> Field.SCHEME;
            case ":path" -> Field.PATH;
            default -> Field.HEADER;
        };
        name = HeaderName.of(m.name());
        value = StringMatcher.compile(m.value());
        present = m.value() instanceof ValueMatch.Present;
        invert = m.invert();
        treatMissingAsEmpty = m.treatMissingAsEmpty();
    }

    /**
     * Compiles a condition.
     *
     * @throws com.google.re2j.PatternSyntaxException when a regular expression is not RE2
     */
    public static HeaderMatcher compile(HeaderMatch match) {
        return new HeaderMatcher(match);
    }

    /** Whether the request satisfies the condition; what cannot be decided does not. */
    public boolean matches(RequestHead head) {
        return test(head) == Verdict.YES;
    }

    /** As {@link #matches}, but tells apart what cannot be decided. */
    public Verdict test(RequestHead head) {
        Verdict v = plain(head);
        if (v == null) {
            // Envoy: an absent header matches nothing, not even an inverted condition, unless presence is asked.
            if (present) {
                return Verdict.of(invert);
            }
            if (!treatMissingAsEmpty) {
                return Verdict.NO;
            }
            v = value.test(EMPTY);
        }
        return invert ? v.not() : v;
    }

    private @Nullable Verdict plain(RequestHead head) {
        return switch (field) {
            case METHOD -> value.test(head.method());
            case AUTHORITY -> value.test(head.authority());
            case SCHEME -> value.test(head.scheme());
            case PATH -> value.test(head.path());
            case HEADER -> lines(head.headers());
        };
    }

    private @Nullable Verdict lines(Headers headers) {
        Verdict v = null;
        for (int i = headers.indexOf(name, 0); i >= 0; i = headers.indexOf(name, i + 1)) {
            Verdict line = value.test(headers.value(i));
            if (line == Verdict.YES) {
                return line;
            }
            if (v == null || line == Verdict.UNKNOWN) {
                v = line;
            }
        }
        return v;
    }
}
