package io.milepost.testbed.demo;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/** One of two handlers that carry bytes between two channels of one event loop. A slow side stops the reading of the other. */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close also ends the channel, which is handled
final class TunnelRelay extends ChannelInboundHandlerAdapter {
    private @Nullable Channel peer;

    /** Must be called before anything is read, on the event loop of both. */
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
            ctx.channel().config().setAutoRead(false);
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
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && peer instanceof DuplexChannel to) {
            to.flush();
            to.shutdownOutput();
        }
        ctx.fireUserEventTriggered(event);
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
        // A reset of either side ends both; who reset is told by the waypoint's access log.
        ctx.close();
    }
}
