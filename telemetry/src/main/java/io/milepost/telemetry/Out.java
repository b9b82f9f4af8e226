package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;

/** Writes values into log lines without intermediate objects. */
final class Out {
    /** What surrounds a value decides how it is escaped. */
    enum Mode {
        /** A text line: bytes as they are, line breaks and NUL escaped. */
        TEXT,
        /** A JSON value of its own: strings get quotes, numbers do not. */
        JSON,
        /** Part of a JSON string. */
        JSON_PART
    }

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private Out() {}

    static void string(ByteBuf out, CharSequence value, Mode mode) {
        string(out, value, 0, value.length(), mode, false);
    }

    /** Blanks become {@code _} when {@code underscores}. */
    static void string(ByteBuf out, CharSequence value, int from, int to, Mode mode, boolean underscores) {
        if (mode == Mode.JSON) {
            out.writeByte('"');
        }
        if (value instanceof AsciiString a) {
            bytes(out, a.array(), a.arrayOffset() + from, a.arrayOffset() + to, mode, underscores);
        } else if (isPlain(value, from, to)) {
            if (!underscores && from == 0 && to == value.length()) {
                ByteBufUtil.writeAscii(out, value);
            } else {
                plain(out, value, from, to, underscores);
            }
        } else {
            byte[] b = value.subSequence(from, to).toString().getBytes(StandardCharsets.UTF_8);
            bytes(out, b, 0, b.length, mode, underscores);
        }
        if (mode == Mode.JSON) {
            out.writeByte('"');
        }
    }

    private static void plain(ByteBuf out, CharSequence value, int from, int to, boolean underscores) {
        for (int i = from; i < to; i++) {
            char c = value.charAt(i);
            out.writeByte(c == ' ' && underscores ? '_' : c);
        }
    }

    private static boolean isPlain(CharSequence s, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = s.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    private static void bytes(ByteBuf out, byte[] b, int from, int to, Mode mode, boolean underscores) {
        if (mode == Mode.TEXT) {
            text(out, b, from, to, underscores);
            return;
        }
        boolean utf8 = isUtf8(b, from, to);
        for (int i = from; i < to; i++) {
            int c = b[i] & 0xFF;
            if (c == ' ' && underscores) {
                out.writeByte('_');
            } else if (utf8) {
                jsonByte(out, c);
            } else if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                // Envoy falls back to escaping every unusual byte when the whole is no UTF-8 (measured, log-json)
                unicode(out, c);
            } else {
                out.writeByte(c);
            }
        }
    }

    private static void text(ByteBuf out, byte[] b, int from, int to, boolean underscores) {
        if (!underscores && isOneLine(b, from, to)) {
            out.writeBytes(b, from, to - from);
            return;
        }
        for (int i = from; i < to; i++) {
            byte c = b[i];
            if (c == '\n' || c == '\r' || c == 0) {
                // Envoy's codecs keep these out of headers; a value from elsewhere must not forge a line either
                out.writeByte('\\');
                out.writeByte('x');
                out.writeByte('0');
                out.writeByte(HEX[c]);
            } else {
                out.writeByte(c == ' ' && underscores ? '_' : c);
            }
        }
    }

    private static boolean isOneLine(byte[] b, int from, int to) {
        for (int i = from; i < to; i++) {
            byte c = b[i];
            if (c == '\n' || c == '\r' || c == 0) {
                return false;
            }
        }
        return true;
    }

    private static void jsonByte(ByteBuf out, int c) {
        switch (c) {
            case '"', '\\' -> {
                out.writeByte('\\');
                out.writeByte(c);
            }
            case '\n' -> escape(out, 'n');
            case '\r' -> escape(out, 'r');
            case '\t' -> escape(out, 't');
            case '\b' -> escape(out, 'b');
            case '\f' -> escape(out, 'f');
            default -> {
                if (c < ' ' || c == 0x7F) {
                    unicode(out, c);
                } else {
                    out.writeByte(c);
                }
            }
        }
    }

    private static void escape(ByteBuf out, char letter) {
        out.writeByte('\\');
        out.writeByte(letter);
    }

    private static void unicode(ByteBuf out, int c) {
        out.writeByte('\\');
        out.writeByte('u');
        out.writeByte('0');
        out.writeByte('0');
        out.writeByte(HEX[c >> 4]);
        out.writeByte(HEX[c & 15]);
    }

    static void quoted(ByteBuf out, String ascii, Mode mode) {
        if (mode == Mode.JSON) {
            out.writeByte('"');
            ByteBufUtil.writeAscii(out, ascii);
            out.writeByte('"');
        } else {
            ByteBufUtil.writeAscii(out, ascii);
        }
    }

    static void number(ByteBuf out, long value) {
        if (value < 0) {
            out.writeByte('-');
            if (value == Long.MIN_VALUE) {
                ByteBufUtil.writeAscii(out, "9223372036854775808");
                return;
            }
            value = -value;
        }
        if (value < 10) {
            out.writeByte((int) ('0' + value));
            return;
        }
        long scale = 1;
        while (value / scale >= 10) {
            scale *= 10;
        }
        for (; scale > 0; scale /= 10) {
            out.writeByte((int) ('0' + value / scale % 10));
        }
    }

    /** With leading {@code pad} up to the width. */
    static void padded(ByteBuf out, long value, int width, char pad) {
        long scale = 1;
        for (int i = 1; i < width; i++) {
            scale *= 10;
            if (value < scale) {
                for (int k = i; k < width; k++) {
                    out.writeByte(pad);
                }
                break;
            }
        }
        number(out, value);
    }

    /** Well-formed as RFC 3629 has it: no overlong forms, no surrogates. */
    static boolean isUtf8(byte[] b, int from, int to) {
        for (int i = from; i < to; ) {
            int c = b[i] & 0xFF;
            if (c < 0x80) {
                i++;
                continue;
            }
            int more = c >= 0xF0 && c <= 0xF4 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC2 && c < 0xE0 ? 1 : 0;
            if (more == 0 || i + more >= to) {
                return false;
            }
            int second = b[i + 1] & 0xFF;
            int low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
            int high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
            if (second < low || second > high) {
                return false;
            }
            for (int k = 2; k <= more; k++) {
                if ((b[i + k] & 0xC0) != 0x80) {
                    return false;
                }
            }
            i += more + 1;
        }
        return true;
    }
}
