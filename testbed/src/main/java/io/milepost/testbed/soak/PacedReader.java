package io.milepost.testbed.soak;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Reads so many bytes per second and not more: between its turns it does not read at all. */
final class PacedReader extends ChannelInboundHandlerAdapter {
    private static final long TICK_MILLIS = 100;

    private final long bytesPerTick;
    private final AtomicLong bytes = new AtomicLong();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long allowed;

    PacedReader(long bytesPerSecond) {
        this.bytesPerTick = Math.max(1, bytesPerSecond * TICK_MILLIS / 1000);
    }

    long bytes() {
        return bytes.get();
    }

    /** The peer's end came; exceptional when the connection was lost before. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(false);
        if (ctx.channel().isActive()) {
            tick(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        tick(ctx);
        ctx.fireChannelActive();
    }

    private void tick(ChannelHandlerContext ctx) {
        if (!ctx.channel().isActive()) {
            return;
        }
        // What was not used is not saved up.
        allowed = Math.min(allowed, 0) + bytesPerTick;
        // A read may bring more than a turn allows; that is paid for by turns without one.
        if (allowed > 0) {
            ctx.read();
        }
        ctx.executor().schedule(() -> tick(ctx), TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        int n = data.readableBytes();
        data.release();
        bytes.addAndGet(n);
        allowed -= n;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (allowed > 0) {
            ctx.read();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            ended.complete(null);
            ctx.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ended.completeExceptionally(new java.nio.channels.ClosedChannelException());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ended.completeExceptionally(cause);
        ctx.close();
    }
}
