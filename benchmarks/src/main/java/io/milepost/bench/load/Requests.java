package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Requests as the bytes that go out, encoded once. */
public final class Requests {
    private static final String USUAL = String.join(
            "\r\n",
            "user-agent: Mozilla/5.0 (X11, Linux x86_64) bench/1",
            "accept: */*",
            "accept-encoding: gzip, deflate",
            "");

    private Requests() {}

    /** A GET with the headers that a simple client sends. */
    public static ByteBuf get(String host, String path) {
        return bytes("GET " + path + " HTTP/1.1\r\nhost: " + host + "\r\n" + USUAL + "\r\n");
    }

    /** A GET with further header lines, each ended by CRLF. */
    public static ByteBuf get(String host, String path, String lines) {
        return bytes("GET " + path + " HTTP/1.1\r\nhost: " + host + "\r\n" + USUAL + lines + "\r\n");
    }

    /** A POST with a body of zeros. */
    public static ByteBuf post(String host, String path, int length) {
        byte[] head = ("POST " + path + " HTTP/1.1\r\nhost: " + host + "\r\n" + USUAL
                        + "content-type: application/octet-stream\r\ncontent-length: " + length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        return bytes(Arrays.copyOf(head, head.length + length));
    }

    /** The bytes of an ASCII text, never released. */
    public static ByteBuf bytes(String text) {
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        return bytes(ascii);
    }

    /** Bytes that are sent again and again. */
    public static ByteBuf bytes(byte[] content) {
        // Direct, because TLS would copy it otherwise; wrapped, because it lives as long as somebody refers to it.
        ByteBuffer direct =
                ByteBuffer.allocateDirect(content.length).put(content).flip();
        return Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(direct).asReadOnly());
    }
}
