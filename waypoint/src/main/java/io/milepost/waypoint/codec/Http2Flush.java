package io.milepost.waypoint.codec;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;

/** Flushes of one HTTP/2 connection, whose handler holds data back until it is asked to flush itself. */
final class Http2Flush implements FlushBatch.Member {
    private final Http2ConnectionHandler handler;
    private final ChannelHandlerContext ctx;
    private final FlushBatch batch = FlushBatch.current();
    private boolean queued;

    Http2Flush(Http2ConnectionHandler handler, ChannelHandlerContext ctx) {
        this.handler = handler;
        this.ctx = ctx;
    }

    void flushSoon() {
        if (!queued) {
            queued = true;
            batch.add(this, ctx.executor());
        }
    }

    @Override
    public void flushNow() {
        queued = false;
        handler.flush(ctx);
    }
}
