package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** HTTP/2 frames as bytes, with header blocks of literals only, so that they can be encoded once and sent on any connection. */
public final class Http2Frames {
    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;
    public static final int END_STREAM = 1;
    public static final int ACK = 1;
    public static final int END_HEADERS = 4;
    public static final int HEAD = 9;

    private static final int WINDOW = Integer.MAX_VALUE;
    private static final int FIRST_WINDOW = 65_535;

    private Http2Frames() {}

    public static void head(ByteBuf out, int length, int type, int flags, int stream) {
        out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    /** SETTINGS with the largest window, and a WINDOW_UPDATE that makes the connection's as large. */
    public static void greeting(ByteBuf out, boolean client) {
        if (client) {
            out.writeCharSequence("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII);
        }
        head(out, 12, SETTINGS, 0, 0);
        out.writeShort(3).writeInt(10_000).writeShort(4).writeInt(WINDOW);
        windowUpdate(out, WINDOW - FIRST_WINDOW);
    }

    public static void windowUpdate(ByteBuf out, int bytes) {
        head(out, 4, WINDOW_UPDATE, 0, 0);
        out.writeInt(bytes);
    }

    /** A header block of literals without indexing and without Huffman coding. */
    public static byte[] block(String... namesAndValues) {
        ByteBuf out = Unpooled.buffer();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            out.writeByte(0);
            string(out, namesAndValues[i]);
            string(out, namesAndValues[i + 1]);
        }
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    private static void string(ByteBuf out, String text) {
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        if (ascii.length >= 127) {
            throw new IllegalArgumentException("longer than one length byte says: " + text);
        }
        out.writeByte(ascii.length).writeBytes(ascii);
    }

    /** HEADERS with a whole block. */
    public static void headers(ByteBuf out, int stream, byte[] block, boolean end) {
        head(out, block.length, HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream);
        out.writeBytes(block);
    }

    /** DATA. */
    public static void data(ByteBuf out, int stream, byte[] content, boolean end) {
        head(out, content.length, DATA, end ? END_STREAM : 0, stream);
        out.writeBytes(content);
    }
}
