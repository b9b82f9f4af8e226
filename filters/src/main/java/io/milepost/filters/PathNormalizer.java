package io.milepost.filters;

import io.milepost.mesh.HttpSettings.PathNormalization;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * meshConfig.pathNormalization as Envoy does it: what comes out is matched, authorized and forwarded. The query is left
 * alone, a fragment is cut off at every level.
 */
public final class PathNormalizer {
    /** What a byte of the path becomes; the table of Chromium's canonicaliser, which Envoy uses. */
    private static final byte PASS = 0;

    private static final byte ESCAPE = 1;
    private static final byte LOOK = 2;
    private static final byte[] CLASS = new byte[256];
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    static {
        for (int c = 0; c < 256; c++) {
            boolean escape = c <= ' ' || c >= 0x7F || "\"<>^`{|}".indexOf(c) >= 0;
            CLASS[c] = escape ? ESCAPE : PASS;
        }
        CLASS['%'] = LOOK;
        CLASS['\\'] = LOOK;
        CLASS['.'] = LOOK;
        CLASS['/'] = LOOK;
        CLASS['#'] = LOOK;
    }

    private PathNormalizer() {}

    /**
     * Normalises a request target of origin form. Others ({@code *}, authority form) come back as they are.
     *
     * @return the same instance when nothing changes; null when the path must be refused with 400 (detail {@code
     *     path_normalization_failed})
     */
    public static @Nullable AsciiString normalize(AsciiString target, PathNormalization level) {
        byte[] b = target.array();
        int from = target.arrayOffset();
        int end = from + target.length();
        int query = -1;
        boolean change = false;
        if (from == end || b[from] != '/') {
            return target;
        }
        for (int i = from; i < end; i++) {
            byte c = b[i];
            if (c == '#') {
                end = i;
                break;
            }
            if (query < 0) {
                if (c == '?') {
                    query = i;
                } else if (!change && CLASS[c & 0xFF] != PASS) {
                    change = needsWork(b, i, from, level);
                }
            }
        }
        int pathEnd = query < 0 ? end : query;
        if (!change || level == PathNormalization.NONE) {
            return end - from == target.length() ? target : target.subSequence(0, end - from, false);
        }
        return rewrite(b, from, pathEnd, end, level);
    }

    /** A slash or a dot alone changes nothing; everything else of the looked-at classes may. */
    private static boolean needsWork(byte[] b, int i, int from, PathNormalization level) {
        byte c = b[i];
        if (c == '/') {
            return i > from && b[i - 1] == '/' && merges(level);
        }
        if (c == '.') {
            return b[i - 1] == '/';
        }
        return true;
    }

    private static boolean merges(PathNormalization level) {
        return level == PathNormalization.MERGE_SLASHES || level == PathNormalization.DECODE_AND_MERGE_SLASHES;
    }

    private static @Nullable AsciiString rewrite(byte[] b, int from, int pathEnd, int end, PathNormalization level) {
        byte[] src = b;
        int s = from;
        int e = pathEnd;
        if (level == PathNormalization.DECODE_AND_MERGE_SLASHES) {
            byte[] u = new byte[pathEnd - from];
            int n = 0;
            for (int i = from; i < pathEnd; i++) {
                int v = b[i] == '%' ? escaped(b, i, pathEnd) : -1;
                if (v == '/' || v == '\\') {
                    u[n++] = (byte) v;
                    i += 2;
                } else {
                    u[n++] = b[i];
                }
            }
            src = u;
            s = 0;
            e = n;
        }
        byte[] out = new byte[3 * (e - s) + (end - pathEnd)];
        int n = canonical(src, s, e, out);
        if (n < 0) {
            return null;
        }
        if (merges(level)) {
            n = mergeSlashes(out, n);
        }
        System.arraycopy(b, pathEnd, out, n, end - pathEnd);
        return new AsciiString(out, 0, n + end - pathEnd, false);
    }

    /** Decodes unreserved characters, escapes unsafe ones, turns backslashes, resolves dot segments; -1 for NUL. */
    private static int canonical(byte[] b, int from, int end, byte[] out) {
        int n = 0;
        for (int i = from; i < end; i++) {
            int c = b[i] & 0xFF;
            boolean literalPercent = false;
            if (c == '%') {
                int v = escaped(b, i, end);
                if (v == 0) {
                    return -1;
                }
                if (v > 0 && unreserved(v)) {
                    c = v;
                    i += 2;
                } else {
                    literalPercent = true;
                }
            } else if (c == '\\') {
                c = '/';
            }
            if (c == '/') {
                n = slash(out, n);
            } else if (literalPercent || CLASS[c] != ESCAPE) {
                out[n++] = (byte) c;
            } else {
                out[n++] = '%';
                out[n++] = HEX[c >> 4];
                out[n++] = HEX[c & 15];
            }
        }
        int trailing = dots(out, n);
        return trailing == 0 ? n : trailing == 1 ? n - 1 : parent(out, n - 2);
    }

    /** Ends the segment before a slash: drops "." and "..", then writes the slash. */
    private static int slash(byte[] out, int n) {
        int d = dots(out, n);
        if (d > 0) {
            return d == 1 ? n - 1 : parent(out, n - 2);
        }
        out[n] = '/';
        return n + 1;
    }

    /** Whether the last segment is "." (1) or ".." (2). */
    private static int dots(byte[] out, int n) {
        if (n >= 2 && out[n - 1] == '.') {
            if (out[n - 2] == '/') {
                return 1;
            }
            if (n >= 3 && out[n - 2] == '.' && out[n - 3] == '/') {
                return 2;
            }
        }
        return 0;
    }

    /** {@code out} ends with the slash behind the segment to drop; gives the length up to the slash before it. */
    private static int parent(byte[] out, int n) {
        int i = n - 1;
        while (i > 0 && out[i - 1] != '/') {
            i--;
        }
        return Math.max(i, 1);
    }

    private static int mergeSlashes(byte[] out, int length) {
        int n = 0;
        for (int i = 0; i < length; i++) {
            if (out[i] != '/' || n == 0 || out[n - 1] != '/') {
                out[n++] = out[i];
            }
        }
        return n;
    }

    /** Value of a well-formed escape at i, otherwise -1. */
    private static int escaped(byte[] b, int i, int end) {
        if (i + 2 >= end) {
            return -1;
        }
        int h = Character.digit(b[i + 1], 16);
        int l = Character.digit(b[i + 2], 16);
        return h < 0 || l < 0 ? -1 : h << 4 | l;
    }

    private static boolean unreserved(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }
}
