package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.netty.util.AsciiString;

/** Reads header and trailer lines. All values share the array that they were read into. */
final class Http1Fields {
    /** Envoy's default number of header lines. */
    static final int MAX_LINES = 100;

    /** Bytes of a header name (RFC 9110 token). */
    private static final boolean[] TOKEN = new boolean[256];
    /** Bytes of a header value: no control bytes but tab. */
    private static final boolean[] VALUE = new boolean[256];

    static {
        for (int c = 0; c < 256; c++) {
            TOKEN[c] = c < 0x80 && tokenChar((byte) c);
            VALUE[c] = (c >= ' ' && c != 0x7f) || c == '\t';
        }
    }

    private Http1Fields() {}

    /** Header lines from {@code at} to {@code end}, each ending in CRLF; one pass over the bytes. */
    static void parse(byte[] b, int at, int end, Headers into) throws BadMessageException {
        int lines = 0;
        int i = at;
        while (i < end) {
            if (++lines > MAX_LINES) {
                throw new BadMessageException(431, "http1.too_many_headers");
            }
            int name = i;
            while (i < end && TOKEN[b[i] & 0xff]) {
                i++;
            }
            int colon = i;
            if (colon == name || colon == end || b[colon] != ':') {
                throw BadMessageException.codecError();
            }
            i++;
            while (i < end && (b[i] == ' ' || b[i] == '\t')) {
                i++;
            }
            int from = i;
            while (i < end && VALUE[b[i] & 0xff]) {
                i++;
            }
            if (i + 1 >= end || b[i] != '\r' || b[i + 1] != '\n') {
                throw BadMessageException.codecError();
            }
            int to = i;
            while (to > from && (b[to - 1] == ' ' || b[to - 1] == '\t')) {
                to--;
            }
            into.add(HeaderName.ofLowered(b, name, colon - name), new AsciiString(b, from, to - from, false));
            i += 2;
        }
    }

    static boolean isTokenChar(char c) {
        return c < TOKEN.length && TOKEN[c];
    }

    private static boolean tokenChar(byte c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_'
                || "!#$%&'*+.^`|~".indexOf(c) >= 0;
    }
}
