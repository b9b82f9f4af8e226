package io.milepost.ztunnel.proxy;

import io.milepost.hbone.TunnelRequest.PeerConnection;
import io.milepost.mesh.IpAddress;
import io.milepost.ztunnel.plan.InboundPlan;
import io.milepost.ztunnel.plan.InboundPlanner;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;

/** Connections without HBONE that were captured on their way to the pod: 15006. They have no identity. */
final class PlainInbound extends ChannelInboundHandlerAdapter {
    private final PodContext pod;
    private final OriginalDestination original;

    PlainInbound(PodContext pod, OriginalDestination original) {
        this.pod = pod;
        this.original = original;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        Channel client = ctx.channel();
        InetSocketAddress target = original.target(client);
        PeerConnection peer = new PeerConnection(null, null, (InetSocketAddress) client.remoteAddress(), target);
        switch (InboundPlanner.plain(
                pod.view(), pod.own(), IpAddress.of(target.getAddress()), target.getPort(), pod.ownPorts())) {
            case InboundPlan.Refused r -> {
                pod.reports().refusedEarly(peer, r.error());
                ctx.close();
            }
            case InboundPlan.Forward f -> forward(ctx, peer, f);
        }
    }

    private void forward(ChannelHandlerContext ctx, PeerConnection peer, InboundPlan.Forward plan) {
        Channel client = ctx.channel();
        InboundConnection connection = new InboundConnection(pod, client.eventLoop(), peer, null, plan);
        if (!connection.isAllowed()) {
            client.close();
            return;
        }
        ctx.pipeline().replace(this, "splice", connection.splice.clientSide());
        connection.connect(application -> connection.splice.join(client, application), client::close);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
