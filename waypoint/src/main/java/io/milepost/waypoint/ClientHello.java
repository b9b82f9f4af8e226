package io.milepost.waypoint;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the server name from the beginning of a TLS connection, without taking part in it. Pure: looks at bytes and leaves
 * them.
 */
final class ClientHello {
    /** A hello may be spread over records, but not without end. */
    static final int MAX_BYTES = 64 * 1024;

    private static final int RECORD_HEADER = 5;
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int SERVER_NAME = 0;

    /**
     * @param complete whether more bytes would change nothing
     * @param tls whether it is a TLS ClientHello
     * @param serverName in lower case; empty without one
     */
    record Seen(boolean complete, boolean tls, String serverName) {
        private static final Seen MORE = new Seen(false, false, "");
        /** Something else than TLS, or nothing that was looked at. */
        static final Seen NO_TLS = new Seen(true, false, "");
    }

    private ClientHello() {}

    /** What the readable bytes say. */
    static Seen look(ByteBuf in) {
        int at = in.readerIndex();
        int end = in.writerIndex();
        byte[] hello = null;
        int filled = 0;
        while (true) {
            if (end > at && in.getByte(at) != HANDSHAKE || end - at > 1 && in.getByte(at + 1) != 3) {
                return Seen.NO_TLS;
            }
            if (end - at < RECORD_HEADER) {
                return Seen.MORE;
            }
            int length = in.getUnsignedShort(at + 3);
            int here = Math.min(length, end - at - RECORD_HEADER);
            if (length == 0) {
                return Seen.NO_TLS;
            }
            if (hello == null) {
                if (here > 0 && in.getByte(at + RECORD_HEADER) != CLIENT_HELLO) {
                    return Seen.NO_TLS;
                }
                if (here < 4) {
                    return length < 4 ? Seen.NO_TLS : Seen.MORE;
                }
                int size = 4 + in.getUnsignedMedium(at + RECORD_HEADER + 1);
                if (size > MAX_BYTES) {
                    return Seen.NO_TLS;
                }
                hello = new byte[size];
            }
            int n = Math.min(here, hello.length - filled);
            in.getBytes(at + RECORD_HEADER, hello, filled, n);
            filled += n;
            if (filled == hello.length) {
                return new Seen(true, true, new Cursor(hello).serverName());
            }
            if (here < length) {
                return Seen.MORE;
            }
            at += RECORD_HEADER + length;
        }
    }

    /** Walks through a complete hello; what is broken has no name (the endpoint will refuse it). */
    private static final class Cursor {
        private final byte[] b;
        private int at = 4 + 2 + 32;

        Cursor(byte[] hello) {
            b = hello;
        }

        private int number(int bytes) {
            int n = 0;
            for (int i = 0; i < bytes; i++) {
                n = n << 8 | b[at++] & 0xff;
            }
            return n;
        }

        private boolean has(int bytes) {
            return b.length - at >= bytes;
        }

        private boolean skip(int lengthBytes) {
            if (!has(lengthBytes)) {
                return false;
            }
            int n = number(lengthBytes);
            if (!has(n)) {
                return false;
            }
            at += n;
            return true;
        }

        String serverName() {
            String name = skip(1) && skip(2) && skip(1) && has(2) ? extensions() : null;
            return name == null ? "" : name.toLowerCase(Locale.ROOT);
        }

        private @Nullable String extensions() {
            number(2);
            while (has(4)) {
                int type = number(2);
                int length = number(2);
                if (!has(length)) {
                    return null;
                }
                if (type == SERVER_NAME) {
                    return name(at + length);
                }
                at += length;
            }
            return null;
        }

        /** The first name of type host_name. */
        private @Nullable String name(int end) {
            if (end - at < 5) {
                return null;
            }
            number(2);
            int type = number(1);
            int length = number(2);
            return type != 0 || length > end - at ? null : new String(b, at, length, StandardCharsets.US_ASCII);
        }
    }
}
