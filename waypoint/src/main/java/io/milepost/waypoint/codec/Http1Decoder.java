package io.milepost.waypoint.codec;

import io.milepost.http.Headers;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Frames HTTP/1.1 messages: finds the head, then delivers the body in slices of the buffers that came, without copying.
 *
 * <p>Strict where laxness is a smuggling vector (RFC 9112): lines end in CRLF, no folding, chunk sizes are hexadecimal
 * digits with at most 16 of them, extensions are skipped. One instance a connection, one event loop.
 */
public abstract class Http1Decoder {
    /** Envoy's default of 60 KiB for a head. */
    public static final int MAX_HEAD = 60 * 1024;

    private static final int MAX_CHUNK_LINE = 4096;

    /** How the body of the message whose head was just read ends. */
    public static final long NO_BODY = 0;

    public static final long CHUNKED = -1;
    public static final long UNTIL_CLOSE = -2;
    /** Everything that follows is raw bytes (upgrade). */
    public static final long RAW = -3;

    private enum State {
        HEAD,
        FIXED,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_END,
        TRAILERS,
        UNTIL_CLOSE,
        RAW,
        DEAD
    }

    private State state = State.HEAD;
    private long remaining;
    private boolean held;
    private boolean decoding;
    private @Nullable ByteBuf pending;

    /**
     * A complete head.
     *
     * @param block the head's bytes, from the first line to the empty line (exclusive of the final CRLF)
     * @return length of the body, or {@link #CHUNKED}, {@link #UNTIL_CLOSE}, {@link #RAW}
     */
    protected abstract long onHead(byte[] block, int length) throws BadMessageException;

    /**
     * Whether the beginning of a head that is not complete yet can become one; a peer that speaks something else is
     * answered at once instead of after its timeout.
     *
     * @param length readable bytes, at least one
     */
    protected abstract boolean plausible(ByteBuf in, int length);

    /** Part of the body; ownership passes. */
    protected abstract void onBody(ByteBuf data);

    /** The message is complete. */
    protected abstract void onEnd(@Nullable Headers trailers);

    /** The rest of the connection cannot be understood. */
    protected abstract void onError(BadMessageException e);

    /** Takes ownership of {@code in}. */
    public final void feed(ByteBufAllocator alloc, ByteBuf in) {
        if (state == State.DEAD) {
            in.release();
            return;
        }
        ByteBuf before = pending;
        if (before != null) {
            CompositeByteBuf c;
            if (before instanceof CompositeByteBuf b && b.refCnt() == 1) {
                c = b;
            } else {
                c = alloc.compositeBuffer(64);
                c.addComponent(true, before);
            }
            c.addComponent(true, in);
            pending = c;
        } else {
            pending = in;
        }
        decode();
    }

    /** While on, a following message is not looked at (its bytes are kept). */
    public final void hold(boolean on) {
        held = on;
        if (!on) {
            decode();
        }
    }

    /** Bytes that wait for {@link #hold} to end or for more. */
    public final int pendingBytes() {
        ByteBuf p = pending;
        return p == null ? 0 : p.readableBytes();
    }

    /** Whether a message has begun and not ended. */
    public final boolean inMessage() {
        return state != State.HEAD && state != State.DEAD;
    }

    /** The peer ended its side. Returns false when that cut a message short. */
    public final boolean endOfInput() {
        if (state == State.UNTIL_CLOSE) {
            state = State.HEAD;
            onEnd(null);
            return true;
        }
        return !inMessage() || state == State.RAW;
    }

    /** Switches to raw bytes: the upgrade was accepted. */
    public final void upgrade() {
        state = State.RAW;
    }

    public final void release() {
        state = State.DEAD;
        ByteBuf p = pending;
        pending = null;
        if (p != null && !decoding) {
            p.release();
        } else if (p != null) {
            released = p;
        }
    }

    private @Nullable ByteBuf released;

    private void decode() {
        if (decoding) {
            return;
        }
        decoding = true;
        try {
            while (true) {
                ByteBuf in = pending;
                if (in == null || state == State.DEAD || !step(in)) {
                    break;
                }
            }
        } catch (BadMessageException e) {
            state = State.DEAD;
            onError(e);
        } finally {
            decoding = false;
            ByteBuf in = pending;
            if (in != null && (state == State.DEAD || !in.isReadable())) {
                pending = null;
                in.release();
            } else if (in instanceof CompositeByteBuf c) {
                c.discardReadComponents();
            }
            ByteBuf r = released;
            if (r != null) {
                released = null;
                r.release();
            }
        }
    }

    /** Returns false when more bytes are needed. */
    private boolean step(ByteBuf in) throws BadMessageException {
        switch (state) {
            case HEAD -> {
                return !held && in.isReadable() && head(in);
            }
            case FIXED -> {
                if (!in.isReadable()) {
                    return false;
                }
                int n = (int) Math.min(remaining, in.readableBytes());
                remaining -= n;
                if (remaining == 0) {
                    state = State.HEAD;
                }
                onBody(in.readRetainedSlice(n));
                if (remaining == 0 && state == State.HEAD) {
                    onEnd(null);
                }
                return true;
            }
            case CHUNK_SIZE -> {
                return chunkSize(in);
            }
            case CHUNK_DATA -> {
                if (!in.isReadable()) {
                    return false;
                }
                int n = (int) Math.min(remaining, in.readableBytes());
                remaining -= n;
                if (remaining == 0) {
                    state = State.CHUNK_END;
                }
                onBody(in.readRetainedSlice(n));
                return true;
            }
            case CHUNK_END -> {
                if (in.readableBytes() < 2) {
                    return false;
                }
                if (in.readByte() != '\r' || in.readByte() != '\n') {
                    throw BadMessageException.codecError();
                }
                state = State.CHUNK_SIZE;
                return true;
            }
            case TRAILERS -> {
                return trailers(in);
            }
            case UNTIL_CLOSE, RAW -> {
                if (!in.isReadable()) {
                    return false;
                }
                onBody(in.readRetainedSlice(in.readableBytes()));
                return true;
            }
            case DEAD -> {
                return false;
            }
        }
        return false;
    }

    private boolean head(ByteBuf in) throws BadMessageException {
        // Empty lines before a message are skipped (RFC 9112 2.2).
        while (in.readableBytes() >= 2
                && in.getByte(in.readerIndex()) == '\r'
                && in.getByte(in.readerIndex() + 1) == '\n') {
            in.skipBytes(2);
        }
        int end = endOfHead(in);
        if (end < 0) {
            if (in.readableBytes() > MAX_HEAD) {
                throw new BadMessageException(431, "http1.headers_too_large");
            }
            if (in.isReadable() && !plausible(in, in.readableBytes())) {
                throw BadMessageException.codecError();
            }
            return false;
        }
        int length = end - in.readerIndex();
        if (length > MAX_HEAD) {
            throw new BadMessageException(431, "http1.headers_too_large");
        }
        byte[] block = new byte[length];
        in.readBytes(block);
        in.skipBytes(2);
        long body = onHead(block, length);
        if (state != State.HEAD) {
            return true;
        }
        if (body == CHUNKED) {
            state = State.CHUNK_SIZE;
        } else if (body == UNTIL_CLOSE) {
            state = State.UNTIL_CLOSE;
        } else if (body == RAW) {
            state = State.RAW;
        } else if (body == NO_BODY) {
            onEnd(null);
        } else {
            remaining = body;
            state = State.FIXED;
        }
        return true;
    }

    /** Index behind the CRLF of the last line (where the empty line begins), -1 when it has not come. */
    private static int endOfHead(ByteBuf in) throws BadMessageException {
        int from = in.readerIndex();
        int to = Math.min(in.writerIndex(), from + MAX_HEAD + 4);
        int lineStart = from;
        while (true) {
            int lf = in.indexOf(lineStart, to, (byte) '\n');
            if (lf < 0) {
                return -1;
            }
            if (lf == from || in.getByte(lf - 1) != '\r') {
                throw BadMessageException.codecError();
            }
            if (lf - 1 == lineStart && lineStart > from) {
                return lineStart;
            }
            lineStart = lf + 1;
        }
    }

    private boolean chunkSize(ByteBuf in) throws BadMessageException {
        int lf = in.indexOf(in.readerIndex(), in.writerIndex(), (byte) '\n');
        if (lf < 0) {
            if (in.readableBytes() > MAX_CHUNK_LINE) {
                throw BadMessageException.codecError();
            }
            return false;
        }
        int i = in.readerIndex();
        if (lf - i < 2 || in.getByte(lf - 1) != '\r') {
            throw BadMessageException.codecError();
        }
        long size = 0;
        int digits = 0;
        for (; i < lf - 1; i++) {
            int d = Character.digit(in.getByte(i), 16);
            if (d < 0) {
                break;
            }
            if (++digits > 15) {
                throw BadMessageException.codecError();
            }
            size = size << 4 | d;
        }
        byte after = in.getByte(i);
        if (digits == 0 || (after != '\r' && after != ';' && after != ' ' && after != '\t')) {
            throw BadMessageException.codecError();
        }
        for (int k = i; k < lf - 1; k++) {
            byte b = in.getByte(k);
            if (b == '\r' || b == 0) {
                throw BadMessageException.codecError();
            }
        }
        in.readerIndex(lf + 1);
        if (size == 0) {
            state = State.TRAILERS;
        } else {
            remaining = size;
            state = State.CHUNK_DATA;
        }
        return true;
    }

    private boolean trailers(ByteBuf in) throws BadMessageException {
        if (in.readableBytes() < 2) {
            return false;
        }
        int at = in.readerIndex();
        if (in.getByte(at) == '\r' && in.getByte(at + 1) == '\n') {
            in.skipBytes(2);
            state = State.HEAD;
            onEnd(null);
            return true;
        }
        int end = endOfHead(in);
        if (end < 0) {
            if (in.readableBytes() > MAX_HEAD) {
                throw new BadMessageException(431, "http1.trailers_too_large");
            }
            return false;
        }
        byte[] block = new byte[end - at];
        in.readBytes(block);
        in.skipBytes(2);
        Headers trailers = new Headers(8);
        Http1Fields.parse(block, 0, block.length, trailers);
        state = State.HEAD;
        onEnd(trailers);
        return true;
    }
}
