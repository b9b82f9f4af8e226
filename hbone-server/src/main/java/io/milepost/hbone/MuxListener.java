package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;

/**
 * Takes every frame of a stream; the frames of the connection go to the listener behind. So nothing of a request reaches
 * Armeria's decoder, which knows no plain CONNECT, and a DATA frame costs one array access to find its tunnel.
 */
final class MuxListener extends Http2FrameListenerDecorator {
    /** What happens with a stream the peer opens. */
    interface Acceptor {
        void onRequest(int streamId, Http2Headers headers, boolean endOfStream);
    }

    private final TunnelMux mux;
    private final Acceptor acceptor;

    MuxListener(Http2FrameListener connectionListener, TunnelMux mux, Acceptor acceptor) {
        super(connectionListener);
        this.mux = mux;
        this.acceptor = acceptor;
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean endOfStream) {
        TunnelStream tunnel = mux.tunnel(streamId);
        if (tunnel != null) {
            tunnel.onHeaders(headers, endOfStream);
        } else if (headers.method() != null) {
            acceptor.onRequest(streamId, headers, endOfStream);
        }
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int streamDependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean endOfStream) {
        onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream) {
        TunnelStream tunnel = mux.tunnel(streamId);
        return tunnel == null ? data.readableBytes() + padding : tunnel.onData(data, padding, endOfStream);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) {
        TunnelStream tunnel = mux.tunnel(streamId);
        if (tunnel != null) {
            tunnel.onReset(errorCode);
        }
    }

    @Override
    public void onPriorityRead(
            ChannelHandlerContext ctx, int streamId, int streamDependency, short weight, boolean exclusive) {}

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        mux.keepAlive().onAck(data);
        mux.drain().onPingAck(data);
        super.onPingAckRead(ctx, data);
    }

    @Override
    public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int windowSizeIncrement)
            throws Http2Exception {
        if (streamId == 0) {
            mux.connectionWindowUpdated();
        }
        super.onWindowUpdateRead(ctx, streamId, windowSizeIncrement);
    }

    @Override
    public void onUnknownFrame(
            ChannelHandlerContext ctx, byte frameType, int streamId, Http2Flags flags, ByteBuf payload) {}
}
