package io.milepost.testbed.load;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/** One of two handlers that carry bytes between two channels of one event loop; a slow side stops the other's reading. */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close also ends the channel, which is handled
final class Relay extends ChannelInboundHandlerAdapter {
    private @Nullable Channel peer;

    /** On the event loop of both, before anything is read. */
    void peer(Channel other) {
        peer = other;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        Channel to = peer;
        if (to == null) {
            ReferenceCountUtil.release(message);
            return;
        }
        to.write(message, to.voidPromise());
        if (!to.isWritable()) {
            to.flush();
            ctx.channel().config().setAutoRead(to.isWritable());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        Channel to = peer;
        if (to != null) {
            to.flush();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        Channel from = peer;
        if (from != null) {
            from.config().setAutoRead(ctx.channel().isWritable());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && peer instanceof DuplexChannel to) {
            to.flush();
            to.shutdownOutput();
            if (to.isInputShutdown()) {
                to.close();
                ctx.close();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Channel to = peer;
        if (to != null) {
            to.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
