package io.milepost.waypoint.codec;

import io.milepost.http.Headers;
import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Composes a head in an array of the event loop's and hands it to the buffer in one piece: the checks of a {@link ByteBuf}
 * cost more than the copying when every name and value is written for itself.
 */
final class HeadWriter {
    private static final int KEPT = 16 * 1024;
    private static final AsciiString CONNECTION = AsciiString.cached("connection: ");

    private static final FastThreadLocal<HeadWriter> CURRENT = new FastThreadLocal<>() {
        @Override
        protected HeadWriter initialValue() {
            return new HeadWriter();
        }
    };

    private byte[] bytes = new byte[2048];
    private int at;

    private HeadWriter() {}

    /**
     * The event loop's writer, empty.
     *
     * @param first room for all but header lines
     */
    static HeadWriter current(int first, Headers headers, @Nullable AsciiString connection) {
        HeadWriter w = CURRENT.get();
        int size =
                first + headers.wireSize() + (connection == null ? 0 : CONNECTION.length() + connection.length() + 2);
        if (size > w.bytes.length) {
            w.bytes = new byte[size];
        }
        w.at = 0;
        return w;
    }

    void text(AsciiString s) {
        int n = s.length();
        System.arraycopy(s.array(), s.arrayOffset(), bytes, at, n);
        at += n;
    }

    void space() {
        bytes[at++] = ' ';
    }

    private void crlf() {
        bytes[at++] = '\r';
        bytes[at++] = '\n';
    }

    /** Ends the first line, adds the header lines and the empty line, and hands all over. */
    void end(Headers headers, @Nullable AsciiString connection, ByteBuf out) {
        crlf();
        for (int i = 0; i < headers.size(); i++) {
            text(headers.name(i).text());
            bytes[at++] = ':';
            bytes[at++] = ' ';
            text(headers.value(i));
            crlf();
        }
        if (connection != null) {
            text(CONNECTION);
            text(connection);
            crlf();
        }
        crlf();
        out.writeBytes(bytes, 0, at);
        if (bytes.length > KEPT) {
            bytes = new byte[KEPT];
        }
    }
}
