package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2RemoteFlowController.FlowControlled;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The DATA of one tunnel on its way out. It stands in the flow controller's queue itself and writes frames without Netty's
 * objects for each write (1.1 KB of garbage and 6 us a request, see decisions.md); the flow controller still decides when
 * and how much. Confined to the event loop of the connection.
 */
final class TunnelOutput {
    private static final int END_STREAM = new Http2Flags().endOfStream(true).value();
    /** Payloads up to this size are copied behind their frame header: TLS copies them anyway, and composes what is in pieces. */
    private static final int JOINED = 2048;
    /** A frame and its header fill one TLS record, so that a peer that reads record by record never joins two of them. */
    static final int MAX_PAYLOAD = (16 << 10) - Http2CodecUtil.FRAME_HEADER_LENGTH;

    private final Http2ConnectionHandler handler;
    private final Http2Stream stream;
    private final Piece first = new Piece();
    private final Piece second = new Piece();
    /** The one that stands in the flow controller's queue; what the other holds is merged into it. */
    private @Nullable Piece queued;

    private boolean ended;

    TunnelOutput(Http2ConnectionHandler handler, Http2Stream stream) {
        this.handler = handler;
        this.stream = stream;
    }

    /** Takes ownership of {@code data}. */
    void write(ByteBuf data) {
        int n = data.readableBytes();
        if (n == 0 || ended) {
            data.release();
            return;
        }
        Piece p = free();
        p.buffers.add(data);
        p.bytes = n;
        enqueue(p);
    }

    /** END_STREAM behind everything written; {@code promise} completes when it left. */
    void end(ChannelPromise promise) {
        ended = true;
        Piece p = free();
        p.end = promise;
        enqueue(p);
    }

    private Piece free() {
        return first.equals(queued) ? second : first;
    }

    private void enqueue(Piece p) {
        p.gone = false;
        handler.encoder().flowController().addFlowControlled(stream, p);
        if (!p.gone) {
            queued = p;
        }
    }

    private final class Piece implements FlowControlled {
        private final ArrayDeque<ByteBuf> buffers = new ArrayDeque<>(2);
        private int bytes;
        private boolean gone;
        private @Nullable ChannelPromise end;

        @Override
        public int size() {
            return bytes;
        }

        @Override
        public void error(@Nullable ChannelHandlerContext c, Throwable cause) {
            left();
            bytes = 0;
            for (ByteBuf b = buffers.poll(); b != null; b = buffers.poll()) {
                b.release();
            }
            ChannelPromise e = end;
            end = null;
            if (e != null) {
                e.tryFailure(cause);
            }
        }

        @Override
        public boolean merge(ChannelHandlerContext c, FlowControlled other) {
            if (!(other instanceof Piece p) || end != null) {
                return false;
            }
            for (ByteBuf b = p.buffers.poll(); b != null; b = p.buffers.poll()) {
                buffers.add(b);
            }
            bytes += p.bytes;
            end = p.end;
            p.bytes = 0;
            p.end = null;
            p.gone = true;
            return true;
        }

        @Override
        public void write(ChannelHandlerContext c, int allowed) {
            int left = Math.min(allowed, bytes);
            int frameSize = Math.min(
                    MAX_PAYLOAD,
                    handler.encoder().configuration().frameSizePolicy().maxFrameSize());
            do {
                int n = Math.min(left, frameSize);
                bytes -= n;
                left -= n;
                frame(c, n, end != null && bytes == 0);
            } while (left > 0);
        }

        private void frame(ChannelHandlerContext c, int n, boolean last) {
            ByteBuf out = c.alloc().buffer(Http2CodecUtil.FRAME_HEADER_LENGTH + (n <= JOINED ? n : 0));
            out.writeMedium(n);
            out.writeByte(Http2FrameTypes.DATA);
            out.writeByte(last ? END_STREAM : 0);
            out.writeInt(stream.id());
            if (n <= JOINED) {
                join(out, n);
                c.write(out, c.voidPromise());
                return;
            }
            c.write(out, c.voidPromise());
            for (int rest = n; rest > 0; ) {
                ByteBuf b = buffers.element();
                int size = b.readableBytes();
                if (size > rest) {
                    c.write(b.readRetainedSlice(rest), c.voidPromise());
                    return;
                }
                buffers.remove();
                rest -= size;
                c.write(b, c.voidPromise());
            }
        }

        private void join(ByteBuf out, int n) {
            for (int rest = n; rest > 0; ) {
                ByteBuf b = buffers.element();
                int size = Math.min(b.readableBytes(), rest);
                out.writeBytes(b, size);
                rest -= size;
                if (!b.isReadable()) {
                    buffers.remove().release();
                }
            }
        }

        @Override
        public void writeComplete() {
            left();
            ChannelPromise e = end;
            end = null;
            if (e != null) {
                handler.closeStreamLocal(stream, e.setSuccess());
            }
        }

        /** It is not in the queue any more and serves again. */
        private void left() {
            gone = true;
            if (equals(queued)) {
                queued = null;
            }
        }
    }
}
