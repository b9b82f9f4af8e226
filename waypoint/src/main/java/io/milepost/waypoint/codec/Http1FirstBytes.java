package io.milepost.waypoint.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** What can be told of a head before all of it is there: wrong peers are answered at once, not when their head ends. */
final class Http1FirstBytes {
    private static final byte[] STATUS_LINE = {'H', 'T', 'T', 'P', '/', '1', '.'};

    private Http1FirstBytes() {}

    /**
     * Whether the beginning of a head may become a request. As Envoy (asked of 1.40.0): a byte that begins no line is told
     * at once, a wrong request line when it is complete.
     */
    static boolean mayBecomeRequest(ByteBuf in, int length) {
        int from = in.readerIndex();
        int end = from + length;
        while (from < end && (in.getByte(from) == '\r' || in.getByte(from) == '\n')) {
            from++;
        }
        if (from == end) {
            return true;
        }
        if (in.getByte(from) <= ' ') {
            return false;
        }
        int eol = in.indexOf(from, end, (byte) '\n');
        if (eol < 0) {
            return true;
        }
        int space = in.indexOf(from, Math.min(eol, from + Http1Methods.LONGEST + 1), (byte) ' ');
        return space > 0 && Http1Methods.isKnown(in.toString(from, space - from, StandardCharsets.US_ASCII));
    }

    /** Whether the first bytes may be those of a status line. */
    static boolean maybeStatusLine(ByteBuf in, int length) {
        int from = in.readerIndex();
        int n = Math.min(length, STATUS_LINE.length);
        for (int i = 0; i < n; i++) {
            if (in.getByte(from + i) != STATUS_LINE[i]) {
                return i < 2 && in.getByte(from) == '\r';
            }
        }
        return true;
    }
}
