package io.milepost.ztunnel.proxy;

import io.milepost.mesh.IpAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;

/**
 * Connections of the pod that were captured on their way out: 15001. One that was not captured asks for this very port,
 * which is refused as a call to ourselves.
 */
final class CaptureHandler extends ChannelInboundHandlerAdapter {
    private final PodContext pod;
    private final OriginalDestination original;

    CaptureHandler(PodContext pod, OriginalDestination original) {
        this.pod = pod;
        this.original = original;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        Channel client = ctx.channel();
        InetSocketAddress target = original.target(client);
        OutboundConnection connection = new OutboundConnection(pod, client);
        ctx.pipeline().replace(this, "splice", connection.clientSide());
        connection.open(IpAddress.of(target.getAddress()), target.getPort());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
