package io.milepost.testbed.soak;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Writes as fast as the channel takes it, up to a total, and ends then. All writes share one buffer: the writer costs nothing. */
final class EagerWriter extends ChannelInboundHandlerAdapter {
    static final int CHUNK = 16 << 10;
    private static final ByteBuf ZEROS = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(CHUNK).writeZero(CHUNK).asReadOnly());

    private final long total;
    private final AtomicLong written = new AtomicLong();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    EagerWriter(long total) {
        this.total = total;
    }

    long written() {
        return written.get();
    }

    CompletableFuture<Void> closed() {
        return closed;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            write(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        write(ctx);
        ctx.fireChannelActive();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        write(ctx);
    }

    private void write(ChannelHandlerContext ctx) {
        boolean wrote = false;
        while (ctx.channel().isWritable() && written.get() < total) {
            int n = (int) Math.min(CHUNK, total - written.get());
            written.addAndGet(n);
            if (written.get() < total) {
                ctx.write(ZEROS.slice(0, n), ctx.voidPromise());
            } else {
                // Not before: shutting down a socket's output drops what Netty has not written yet.
                ctx.write(ZEROS.slice(0, n)).addListener(done -> ((DuplexChannel) ctx.channel()).shutdownOutput());
            }
            wrote = true;
        }
        if (wrote) {
            ctx.flush();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
