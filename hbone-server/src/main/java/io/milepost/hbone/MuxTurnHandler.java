package io.milepost.hbone;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/** Sits before the HTTP/2 handler and tells the mux where a turn of reading begins and ends, and of the end of all. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class MuxTurnHandler extends ChannelInboundHandlerAdapter {
    private @Nullable TunnelMux mux;

    void mux(TunnelMux value) {
        mux = value;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        TunnelMux current = mux;
        if (current != null) {
            current.readStarted();
        }
        ctx.fireChannelRead(msg);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        TunnelMux current = mux;
        if (current != null) {
            current.readEnded();
        }
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ctx.fireChannelWritabilityChanged();
        TunnelMux current = mux;
        if (current != null && ctx.channel().isWritable()) {
            current.unblockSoon();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ctx.fireChannelInactive();
        TunnelMux current = mux;
        if (current != null) {
            current.stop();
        }
    }
}
