package io.milepost.waypoint.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What our two ends of HTTP/2 connections share: which of our streams belongs to which of Netty's, and how frames are written.
 * Confined to its event loop.
 *
 * @param <S> our streams
 */
abstract class Http2Side<S> extends Http2EventAdapter {
    private @Nullable Http2Handler handler;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Http2Flush flushes;
    private Http2Connection.@Nullable PropertyKey key;

    /** Once, before the handler is in a pipeline. */
    final void attach(Http2Handler h) {
        handler = h;
        key = h.connection().newKey();
        h.connection().addListener(this);
        h.connection().remote().flowController().listener(this::writabilityChanged);
    }

    final void added(ChannelHandlerContext c, Http2Handler h) {
        ctx = c;
        flushes = new Http2Flush(h, c);
    }

    /** The connection is closed. */
    void gone() {}

    /** The first HEADERS of a message, or its trailers. */
    abstract void headers(ChannelHandlerContext c, int id, Http2Headers headers, boolean end);

    abstract void writabilityChanged(Http2Stream stream);

    @Override
    public final void onHeadersRead(
            ChannelHandlerContext c,
            int id,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean end) {
        headers(c, id, headers, end);
    }

    @Override
    public final void onHeadersRead(ChannelHandlerContext c, int id, Http2Headers headers, int padding, boolean end) {
        headers(c, id, headers, end);
    }

    final Http2Handler h2() {
        return Objects.requireNonNull(handler, "handler not built");
    }

    final ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx, "handler not added");
    }

    /** Whether there is an open connection below. */
    final boolean isOpen() {
        ChannelHandlerContext c = ctx;
        return c != null && c.channel().isActive();
    }

    final void flushSoon() {
        Objects.requireNonNull(flushes, "handler not added").flushSoon();
    }

    private Http2Connection.PropertyKey propertyKey() {
        return Objects.requireNonNull(key, "handler not built");
    }

    final @Nullable S stream(int id) {
        return streamOf(h2().connection().stream(id));
    }

    final @Nullable S streamOf(@Nullable Http2Stream s) {
        return s == null ? null : s.getProperty(propertyKey());
    }

    final void bind(Http2Stream s, S ours) {
        s.setProperty(propertyKey(), ours);
    }

    final ChannelPromise writeHeaders(int id, Http2Headers headers, boolean end) {
        ChannelPromise written = context().newPromise();
        h2().encoder().writeHeaders(context(), id, headers, 0, end, written);
        flushSoon();
        return written;
    }

    final ChannelPromise writeData(int id, ByteBuf data, boolean end) {
        ChannelPromise written = context().newPromise();
        h2().encoder().writeData(context(), id, data, 0, end, written);
        flushSoon();
        return written;
    }

    final void writeReset(int id, Http2Error error) {
        h2().encoder().writeRstStream(context(), id, error.code(), context().newPromise());
        flushSoon();
    }

    final boolean isWritable(Http2Stream s) {
        return isOpen() && h2().connection().remote().flowController().isWritable(s);
    }

    /** Lets the peer send so many bytes more. */
    final void consumed(Http2Stream s, int bytes) {
        if (bytes == 0) {
            return;
        }
        try {
            if (h2().connection().local().flowController().consumeBytes(s, bytes)) {
                flushSoon();
            }
        } catch (Http2Exception e) {
            context().fireExceptionCaught(e);
        }
    }
}
