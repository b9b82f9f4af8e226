package io.milepost.telemetry;

import io.milepost.http.HeaderName;
import io.milepost.http.RequestHead;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** The operators that take the request's path apart. Their forms were asked of Envoy 1.40.0. */
final class PathOperators {
    private PathOperators() {}

    /** {@code PATH(WQ|NQ:PATH|ORIG|ORIG_OR_PATH)}: with or without query, of the path as it is or as it was. */
    static Operator path(@Nullable String argument, int length) {
        String[] p = (argument == null ? "" : argument).split(":", 2);
        String which = p.length == 2 ? p[1] : "ORIG_OR_PATH";
        if (!p[0].isEmpty() && !p[0].equals("WQ") && !p[0].equals("NQ")) {
            throw Operators.problem("PATH", "has the form \"" + p[0] + "\"; use WQ or NQ");
        }
        if (!which.equals("PATH") && !which.equals("ORIG") && !which.equals("ORIG_OR_PATH")) {
            throw Operators.problem("PATH", "has the option \"" + which + "\"; use PATH, ORIG or ORIG_OR_PATH");
        }
        boolean query = !p[0].equals("NQ");
        return (c, out, mode) -> {
            AsciiString v = of(c.request(), which);
            if (v == null) {
                return false;
            }
            int end = query ? v.length() : pathLength(v);
            return Operators.write(v, length < 0 ? end : Math.min(length, end), out, mode);
        };
    }

    /** {@code QUERY_PARAM(name)}: the first value, undecoded. */
    static Operator parameter(String name, int length) {
        return (c, out, mode) -> {
            AsciiString v = of(c.request(), "PATH");
            AsciiString value = v == null ? null : parameter(v, name);
            return value != null && Operators.write(value, length, out, mode);
        };
    }

    /** {@code QUERY_PARAMS}: the whole query, with {@code DECODED} without its escapes. */
    static Operator query(@Nullable String argument, int length) {
        boolean decoded = argument != null && argument.equals("DECODED");
        if (argument != null && !argument.isEmpty() && !decoded && !argument.equals("ORIG")) {
            throw Operators.problem("QUERY_PARAMS", "has the option \"" + argument + "\"; use ORIG or DECODED");
        }
        return (c, out, mode) -> {
            AsciiString v = of(c.request(), "PATH");
            int from = v == null ? 0 : pathLength(v) + 1;
            if (v == null || from >= v.length()) {
                return false;
            }
            AsciiString query = v.subSequence(from, v.length(), false);
            return Operators.write(decoded ? decoded(query) : query, length, out, mode);
        };
    }

    private static AsciiString decoded(AsciiString v) {
        byte[] b = new byte[v.length()];
        int n = 0;
        for (int i = 0; i < v.length(); i++) {
            int high = v.byteAt(i) == '%' && i + 2 < v.length() ? Character.digit(v.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(v.charAt(i + 2), 16);
            if (low >= 0) {
                i += 2;
            }
            b[n++] = low >= 0 ? (byte) (high << 4 | low) : v.byteAt(i);
        }
        return new AsciiString(b, 0, n, false);
    }

    private static @Nullable AsciiString of(@Nullable RequestHead r, String which) {
        if (r == null) {
            return null;
        }
        AsciiString original = which.equals("PATH") ? null : r.headers().get(HeaderName.X_ENVOY_ORIGINAL_PATH);
        return original != null || which.equals("ORIG") ? original : r.path();
    }

    private static int pathLength(AsciiString target) {
        int query = target.indexOf('?', 0);
        return query < 0 ? target.length() : query;
    }

    private static @Nullable AsciiString parameter(AsciiString target, String name) {
        int at = pathLength(target) + 1;
        while (at < target.length()) {
            int end = target.indexOf('&', at);
            end = end < 0 ? target.length() : end;
            int equals = target.indexOf('=', at);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            if (AsciiString.contentEquals(target.subSequence(at, nameEnd, false), name)) {
                return target.subSequence(Math.min(nameEnd + 1, end), end, false);
            }
            at = end + 1;
        }
        return null;
    }
}
