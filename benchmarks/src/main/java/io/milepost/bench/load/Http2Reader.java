package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;

/**
 * Splits bytes into HTTP/2 frames and keeps the connection alive: answers SETTINGS and PING, gives the connection's window
 * back. Header blocks are not decoded.
 */
public final class Http2Reader {
    /** What a frame means to its owner. */
    public interface Frames {
        /** A HEADERS frame; {@code firstByte} is the first of its block, which tells an indexed :status. */
        void headers(int stream, int firstByte, boolean end);

        /** A part of a DATA frame; {@code end} with its last part. */
        void data(int stream, int bytes, boolean end);

        /** RST_STREAM, or GOAWAY for stream 0. */
        void broken(int stream, long code);

        /** Bytes that must go out. */
        ByteBuf out();
    }

    private static final byte[] PREFACE_LENGTH = new byte[24];
    private static final int REFILL = 16 << 20;

    private final Frames frames;
    private final byte[] head = new byte[Http2Frames.HEAD];
    private int skip;
    private int headLength;
    private int left;
    private int type;
    private int flags;
    private int stream;
    private int seen;
    private final byte[] small = new byte[16];
    private int consumed;

    public Http2Reader(Frames frames, boolean server) {
        this.frames = frames;
        this.skip = server ? PREFACE_LENGTH.length : 0;
    }

    /** Takes all bytes. */
    public void read(ByteBuf data) {
        if (skip > 0) {
            int n = Math.min(skip, data.readableBytes());
            data.skipBytes(n);
            skip -= n;
        }
        while (data.isReadable()) {
            if (headLength < Http2Frames.HEAD) {
                int n = Math.min(Http2Frames.HEAD - headLength, data.readableBytes());
                data.readBytes(head, headLength, n);
                headLength += n;
                if (headLength < Http2Frames.HEAD) {
                    return;
                }
                left = (head[0] & 0xff) << 16 | (head[1] & 0xff) << 8 | (head[2] & 0xff);
                type = head[3];
                flags = head[4];
                stream = (head[5] & 0x7f) << 24 | (head[6] & 0xff) << 16 | (head[7] & 0xff) << 8 | (head[8] & 0xff);
                seen = 0;
                if (left == 0) {
                    payload(data, 0);
                    continue;
                }
            }
            payload(data, Math.min(left, data.readableBytes()));
        }
    }

    private void payload(ByteBuf data, int n) {
        for (int i = 0; i < n && seen + i < small.length; i++) {
            small[seen + i] = data.getByte(data.readerIndex() + i);
        }
        data.skipBytes(n);
        seen += n;
        left -= n;
        boolean last = left == 0;
        if (last) {
            headLength = 0;
        }
        if (type == Http2Frames.DATA) {
            consumed += n;
            if (consumed > REFILL) {
                Http2Frames.windowUpdate(frames.out(), consumed);
                consumed = 0;
            }
            frames.data(stream, n, last && (flags & Http2Frames.END_STREAM) != 0);
        } else if (last) {
            whole();
        }
    }

    private void whole() {
        switch (type) {
            case Http2Frames.HEADERS -> frames.headers(stream, small[0] & 0xff, (flags & Http2Frames.END_STREAM) != 0);
            case Http2Frames.SETTINGS -> {
                if ((flags & Http2Frames.ACK) == 0) {
                    Http2Frames.head(frames.out(), 0, Http2Frames.SETTINGS, Http2Frames.ACK, 0);
                }
            }
            case Http2Frames.PING -> {
                if ((flags & Http2Frames.ACK) == 0) {
                    Http2Frames.head(frames.out(), 8, Http2Frames.PING, Http2Frames.ACK, 0);
                    frames.out().writeBytes(small, 0, 8);
                }
            }
            case Http2Frames.RST_STREAM -> frames.broken(stream, number(0));
            case Http2Frames.GOAWAY -> frames.broken(0, number(4));
            default -> {
                // Priorities, window updates: nothing here sends so much that it would have to wait for them.
            }
        }
    }

    private long number(int at) {
        return (small[at] & 0xffL) << 24
                | (small[at + 1] & 0xff) << 16
                | (small[at + 2] & 0xff) << 8
                | (small[at + 3] & 0xff);
    }
}
