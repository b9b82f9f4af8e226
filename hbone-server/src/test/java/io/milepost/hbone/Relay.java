package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import org.jspecify.annotations.Nullable;

/** One direction of a relay on one event loop: what is read here is written there, and reading follows the writability there. */
@SuppressWarnings("FutureReturnValueIgnored")
final class Relay extends ChannelInboundHandlerAdapter {
    private @Nullable Channel other;

    static void join(Channel first, Relay ofFirst, Channel second, Relay ofSecond) {
        ofFirst.other = second;
        ofSecond.other = first;
        first.config().setAutoRead(true);
        second.config().setAutoRead(true);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(false);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        Channel to = other;
        if (to == null) {
            ((ByteBuf) msg).release();
            throw new IllegalStateException("read before the relay was joined");
        }
        ChannelFuture _ = to.write(msg);
        if (!to.isWritable()) {
            ctx.channel().config().setAutoRead(false);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        Channel to = other;
        if (to != null) {
            to.flush();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        Channel from = other;
        if (from != null) {
            from.config().setAutoRead(ctx.channel().isWritable());
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        Channel to = other;
        if (event instanceof ChannelInputShutdownEvent && to != null) {
            ((DuplexChannel) to).shutdownOutput();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Channel to = other;
        if (to != null) {
            to.close();
        }
    }
}
