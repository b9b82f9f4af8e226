package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** Reads cookies of requests. */
final class Cookies {
    private Cookies() {}

    /** The value of the first cookie of a name, without quotes; null when there is none, or an empty one. */
    static @Nullable AsciiString find(String name, Headers headers) {
        for (int i = headers.indexOf(HeaderName.COOKIE, 0); i >= 0; i = headers.indexOf(HeaderName.COOKIE, i + 1)) {
            AsciiString line = headers.value(i);
            int at = 0;
            while (at < line.length()) {
                int end = line.indexOf(";", at);
                end = end < 0 ? line.length() : end;
                int from = at;
                while (from < end && line.byteAt(from) == ' ') {
                    from++;
                }
                int eq = line.indexOf("=", from);
                if (eq >= 0 && eq < end && AsciiString.contentEquals(line.subSequence(from, eq, false), name)) {
                    return value(line, eq + 1, end);
                }
                at = end + 1;
            }
        }
        return null;
    }

    private static @Nullable AsciiString value(AsciiString line, int from, int to) {
        int a = from;
        int b = to;
        while (b > a && line.byteAt(b - 1) == ' ') {
            b--;
        }
        if (b - a >= 2 && line.byteAt(a) == '"' && line.byteAt(b - 1) == '"') {
            a++;
            b--;
        }
        return a == b ? null : line.subSequence(a, b, false);
    }
}
