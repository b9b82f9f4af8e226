package io.milepost.policy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A path template of AuthorizationPolicy: {@code {*}} is one non-empty segment, {@code {**}} is any text, also none,
 * that may span segments. Everything else is literal.
 */
final class UriTemplate {
    /** Operators between the literals: literal[0] op[0] literal[1] op[1] ... literal[n]. */
    private final byte[][] literals;

    private final boolean[] spanning;

    private UriTemplate(byte[][] literals, boolean[] spanning) {
        this.literals = literals;
        this.spanning = spanning;
    }

    /** Empty when the template has an operator that is unknown or does not stand alone in its segment. */
    static Optional<UriTemplate> parse(String template) {
        List<byte[]> literals = new ArrayList<>();
        List<Boolean> spanning = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        if (!template.startsWith("/")) {
            return Optional.empty();
        }
        for (String segment : template.substring(1).split("/", -1)) {
            literal.append('/');
            if (segment.equals("{*}") || segment.equals("{**}")) {
                literals.add(literal.toString().getBytes(StandardCharsets.UTF_8));
                spanning.add(segment.length() == 4);
                literal.setLength(0);
            } else if (segment.indexOf('{') >= 0 || segment.indexOf('}') >= 0 || segment.indexOf('*') >= 0) {
                return Optional.empty();
            } else {
                literal.append(segment);
            }
        }
        literals.add(literal.toString().getBytes(StandardCharsets.UTF_8));
        boolean[] s = new boolean[spanning.size()];
        for (int i = 0; i < s.length; i++) {
            s[i] = spanning.get(i);
        }
        return Optional.of(new UriTemplate(literals.toArray(new byte[0][]), s));
    }

    boolean matches(byte[] b, int offset, int length) {
        return from(0, b, offset, offset + length);
    }

    private boolean from(int step, byte[] b, int at, int end) {
        int next = after(literals[step], b, at, end);
        if (next < 0) {
            return false;
        }
        if (step == spanning.length) {
            return next == end;
        }
        if (!spanning[step]) {
            int i = next;
            while (i < end && b[i] != '/') {
                i++;
            }
            return i > next && from(step + 1, b, i, end);
        }
        if (step + 1 == spanning.length && literals[step + 1].length == 0) {
            return true;
        }
        for (int i = next; i <= end; i++) {
            if (from(step + 1, b, i, end)) {
                return true;
            }
        }
        return false;
    }

    private static int after(byte[] literal, byte[] b, int at, int end) {
        if (end - at < literal.length) {
            return -1;
        }
        for (int i = 0; i < literal.length; i++) {
            if (b[at + i] != literal[i]) {
                return -1;
            }
        }
        return at + literal.length;
    }
}
