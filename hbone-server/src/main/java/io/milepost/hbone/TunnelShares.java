package io.milepost.hbone;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/**
 * How tunnels share a connection that cannot take everything at once: in turn, a whole frame each. Netty's own way shares
 * by priorities, which HTTP/2 has given up (RFC 9113 §5.3.2), and in pieces of 1 KiB: 20 downloads over one connection were
 * sent in frames of 1,075 bytes (decisions.md).
 */
final class TunnelShares {
    private TunnelShares() {}

    /** In place of what the handler has already; nothing may have been written to a stream yet. */
    static void install(Http2Connection connection, ChannelHandlerContext ctx) throws Http2Exception {
        UniformStreamByteDistributor inTurn = new UniformStreamByteDistributor(connection);
        inTurn.minAllocationChunk(TunnelOutput.MAX_PAYLOAD);
        var shares = new DefaultHttp2RemoteFlowController(connection, inTurn);
        connection.remote().flowController(shares);
        shares.channelHandlerContext(ctx);
    }
}
