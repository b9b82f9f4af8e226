package io.milepost.waypoint.codec;

import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * What one HTTP/1.1 connection writes. A small body joins its head in one buffer, so that the message is one frame of the
 * tunnel (decisions.md: bodies up to 2 KiB are copied, TLS copies them anyway); larger pieces pass as they are.
 *
 * <p>Flushed with its event loop's {@link FlushBatch}. Confined to that loop.
 */
final class Http1Output implements FlushBatch.Member {
    /** Pieces of a body up to this size are copied behind what is held. */
    private static final int JOINED = 2048;

    private static final int BUFFER = 1024;
    private static final int CRLF = '\r' << 8 | '\n';
    private static final int LAST_CHUNK_SIZE = 5;

    private final ChannelHandlerContext ctx;
    private final FlushBatch batch = FlushBatch.current();
    private @Nullable ByteBuf held;
    private boolean queued;

    Http1Output(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    void request(RequestHead head, @Nullable AsciiString connection) {
        Http1Heads.writeRequest(head, held(), connection);
        flushSoon();
    }

    void response(ResponseHead head, @Nullable AsciiString connection) {
        Http1Heads.writeResponse(head, held(), connection);
        flushSoon();
    }

    /** Takes ownership of {@code data}. */
    void body(ByteBuf data, boolean chunked) {
        int n = data.readableBytes();
        if (n == 0) {
            data.release();
            return;
        }
        ByteBuf out = held;
        if (chunked) {
            out = held();
            chunkSize(n, out);
        }
        if (n <= JOINED && out != null) {
            out.writeBytes(data);
            data.release();
        } else {
            writeHeld();
            ctx.write(data, ctx.voidPromise());
        }
        if (chunked) {
            held().writeShort(CRLF);
        }
        flushSoon();
    }

    void lastChunk() {
        ByteBuf out = held();
        out.ensureWritable(LAST_CHUNK_SIZE);
        out.writeByte('0').writeShort(CRLF).writeShort(CRLF);
        flushSoon();
    }

    private static void chunkSize(int n, ByteBuf out) {
        int digits = Math.max(1, (35 - Integer.numberOfLeadingZeros(n)) / 4);
        out.ensureWritable(digits + 2);
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            int d = n >>> shift & 15;
            out.writeByte(d < 10 ? '0' + d : 'a' + d - 10);
        }
        out.writeShort(CRLF);
    }

    private ByteBuf held() {
        ByteBuf h = held;
        if (h == null) {
            h = ctx.alloc().buffer(BUFFER);
            held = h;
        }
        return h;
    }

    private void writeHeld() {
        ByteBuf h = held;
        if (h != null) {
            held = null;
            ctx.write(h, ctx.voidPromise());
        }
    }

    private void flushSoon() {
        if (!queued) {
            queued = true;
            batch.add(this, ctx.executor());
        }
    }

    /** Writes what is held and flushes at once. */
    @Override
    public void flushNow() {
        queued = false;
        writeHeld();
        ctx.flush();
    }

    /** The connection is gone. */
    void release() {
        ByteBuf h = held;
        held = null;
        if (h != null) {
            h.release();
        }
    }
}
