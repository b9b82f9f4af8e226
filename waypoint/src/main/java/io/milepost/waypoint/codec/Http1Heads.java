package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.JoinedHeaders;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the heads of HTTP/1.1 messages. All values of a head share the array that it was read into.
 *
 * <p>What is refused follows the recorded cases {@code http-bad}, {@code http-target} and {@code http-limits}.
 */
public final class Http1Heads {
    private static final AsciiString HTTP = AsciiString.cached("http");
    private static final AsciiString SLASH = AsciiString.cached("/");
    private static final AsciiString REQUEST_VERSION_HOST = AsciiString.cached(" HTTP/1.1\r\nhost: ");
    private static final int FIXED_PARTS = 32;
    private static final byte[] VERSION = {'H', 'T', 'T', 'P', '/', '1', '.', '1'};

    private Http1Heads() {}

    /** Reads a request's head; {@code host} becomes the authority. */
    public static RequestHead parseRequest(byte[] b, int length) throws BadMessageException {
        int eol = endOfLine(b, 0, length);
        int sp1 = blank(b, 0, eol);
        if (sp1 <= 0) {
            throw BadMessageException.codecError();
        }
        AsciiString method = Http1Methods.of(b, sp1);
        int from = notBlank(b, sp1, eol);
        int sp2 = blank(b, from, eol);
        int to = sp2 < 0 ? eol : sp2;
        if (from >= to || (sp2 < 0 && startsWith(b, from, to, "HTTP/"))) {
            throw BadMessageException.codecError();
        }
        int last = eol;
        while (last > to && isBlank(b[last - 1])) {
            last--;
        }
        version(b, sp2 < 0 ? last : notBlank(b, sp2, last), last);
        for (int i = from; i < to; i++) {
            if (b[i] <= ' ' || b[i] == 0x7f) {
                throw BadMessageException.codecError();
            }
        }
        Headers headers = new Headers(16);
        Http1Fields.parse(b, eol + 2, length, headers);
        JoinedHeaders.joinRequest(headers);
        int host = headers.indexOf(HeaderName.HOST, 0);
        if (host >= 0 && headers.indexOf(HeaderName.HOST, host + 1) >= 0) {
            // Envoy joins two Host lines; behind a proxy that is a smuggling vector (differences.yaml).
            throw BadMessageException.codecError();
        }
        AsciiString authority = AsciiString.EMPTY_STRING;
        if (host >= 0) {
            authority = headers.value(host);
            headers.removeAt(host);
        }
        AsciiString path = new AsciiString(b, from, to - from, false);
        boolean connect = method.contentEquals("CONNECT");
        if (connect) {
            // The target is the authority; there is no path.
            if (find(b, from, to, '/') >= 0 || find(b, from, to, ':') < 0) {
                throw BadMessageException.codecError();
            }
            authority = path;
        } else if (b[from] != '/') {
            int after = scheme(b, from, to);
            if (after > 0) {
                int end = after;
                while (end < to && b[end] != '/' && b[end] != '?' && b[end] != '#') {
                    end++;
                }
                if (end < to && b[end] == '#') {
                    throw BadMessageException.codecError();
                }
                int at = find(b, after, end, '@') + 1;
                int hostFrom = Math.max(at, after);
                if (end == hostFrom || !isHostAndPort(b, hostFrom, end)) {
                    throw BadMessageException.codecError();
                }
                authority = new AsciiString(b, hostFrom, end - hostFrom, false);
                path = end == to ? SLASH : new AsciiString(b, end, to - end, false);
                host = 0;
            } else if (b[from] != '*' || !method.contentEquals("OPTIONS")) {
                throw BadMessageException.codecError();
            }
        }
        if (host < 0 && !connect) {
            throw new BadMessageException(
                    400,
                    "missing_host_header",
                    new RequestHead(RequestHead.Protocol.HTTP_1_1, method, authority, path, HTTP, headers));
        }
        if (!isAuthority(authority)) {
            throw BadMessageException.codecError();
        }
        return new RequestHead(RequestHead.Protocol.HTTP_1_1, method, authority, path, HTTP, headers);
    }

    private static boolean isBlank(byte c) {
        return c == ' ' || c == '\t';
    }

    /** Index of the next space or tab, -1 without one: the words of a request line may have several between them. */
    private static int blank(byte[] b, int from, int to) {
        for (int i = from; i < to; i++) {
            if (isBlank(b[i])) {
                return i;
            }
        }
        return -1;
    }

    private static int notBlank(byte[] b, int from, int to) {
        int i = from;
        while (i < to && isBlank(b[i])) {
            i++;
        }
        return i;
    }

    /** Index behind {@code http://} or {@code https://} in any letter case; -1 for anything else. */
    private static int scheme(byte[] b, int from, int to) {
        AsciiString target = new AsciiString(b, from, to - from, false);
        if (target.regionMatches(true, 0, "http://", 0, 7)) {
            return from + 7;
        }
        return target.regionMatches(true, 0, "https://", 0, 8) ? from + 8 : -1;
    }

    private static boolean isHostAndPort(byte[] b, int from, int to) {
        int bracket = b[from] == '[' ? find(b, from, to, ']') : from;
        int colon = bracket < 0 ? -1 : find(b, bracket, to, ':');
        for (int i = colon < 0 ? to : colon + 1; i < to; i++) {
            if (!digit(b[i])) {
                return false;
            }
        }
        return bracket >= 0;
    }

    /** Whether all bytes may stand in an authority (asked of Envoy 1.40.0, which lets {@code ,} and {@code @} pass). */
    static boolean isAuthority(AsciiString authority) {
        byte[] a = authority.array();
        for (int i = authority.arrayOffset(); i < authority.arrayOffset() + authority.length(); i++) {
            if (a[i] <= ' ' || a[i] == 0x7f || "/\\\"<>?#|^`{}".indexOf(a[i]) >= 0) {
                return false;
            }
        }
        return true;
    }

    private static void version(byte[] b, int from, int eol) throws BadMessageException {
        if (eol - from == VERSION.length) {
            int i = 0;
            while (i < VERSION.length && b[from + i] == VERSION[i]) {
                i++;
            }
            if (i == VERSION.length) {
                return;
            }
            if (i >= 5 && digit(b[from + 5]) && b[from + 6] == '.' && digit(b[from + 7])) {
                throw new BadMessageException(426, "low_version");
            }
        } else if (from == eol) {
            throw new BadMessageException(426, "low_version");
        }
        throw BadMessageException.codecError();
    }

    static boolean digit(byte c) {
        return c >= '0' && c <= '9';
    }

    /** Reads a response's head. */
    public static ResponseHead parseResponse(byte[] b, int length) throws BadMessageException {
        int eol = endOfLine(b, 0, length);
        if (eol < 12
                || !startsWith(b, 0, eol, "HTTP/1.")
                || b[8] != ' '
                || !digit(b[9])
                || !digit(b[10])
                || !digit(b[11])
                || (eol > 12 && b[12] != ' ')) {
            throw new BadMessageException(502, "upstream_protocol_error");
        }
        int status = (b[9] - '0') * 100 + (b[10] - '0') * 10 + b[11] - '0';
        Headers headers = new Headers(16);
        Http1Fields.parse(b, eol + 2, length, headers);
        JoinedHeaders.joinResponse(headers);
        return new ResponseHead(status, headers);
    }

    /** Whether the first line says HTTP/1.0 (the connection then closes after it). */
    static boolean isHttp10(byte[] b) {
        return b.length > 7 && b[7] == '0';
    }

    private static int endOfLine(byte[] b, int from, int end) throws BadMessageException {
        for (int i = from; i + 1 < end; i++) {
            if (b[i] == '\r') {
                if (b[i + 1] != '\n') {
                    throw BadMessageException.codecError();
                }
                return i;
            }
        }
        throw BadMessageException.codecError();
    }

    private static int find(byte[] b, int from, int to, char c) {
        for (int i = from; i < to; i++) {
            if (b[i] == c) {
                return i;
            }
        }
        return -1;
    }

    private static boolean startsWith(byte[] b, int from, int to, String s) {
        if (to - from < s.length()) {
            return false;
        }
        for (int i = 0; i < s.length(); i++) {
            if (b[from + i] != s.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Writes a request's head. */
    public static void writeRequest(RequestHead r, ByteBuf out, @Nullable AsciiString connection) {
        HeadWriter w = HeadWriter.current(
                r.method().length() + r.path().length() + r.authority().length() + FIXED_PARTS,
                r.headers(),
                connection);
        w.text(r.method());
        w.space();
        w.text(r.path());
        w.text(REQUEST_VERSION_HOST);
        w.text(r.authority());
        w.end(r.headers(), connection, out);
    }

    /** Writes a response's head; the reason is the standard one. */
    public static void writeResponse(ResponseHead r, ByteBuf out, @Nullable AsciiString connection) {
        AsciiString line = StatusLines.of(r.status());
        HeadWriter w = HeadWriter.current(line.length() + FIXED_PARTS, r.headers(), connection);
        w.text(line);
        w.end(r.headers(), connection, out);
    }
}
