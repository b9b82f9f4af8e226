package io.milepost.waypoint.codec;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * h2c of a client on one tunnel: one exchange per stream. Credit of the request's body is returned when the exchange
 * took the bytes and is not paused.
 */
public final class Http2ServerConnection extends Http2EventAdapter {
    private static final int MAX_STREAMS = 1024;
    private static final int STREAM_WINDOW = 256 * 1024;
    private static final int CONNECTION_WINDOW = 1 << 20;

    private final ExchangeFactory exchanges;
    private @Nullable Http2ConnectionHandler handler;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Http2Flush flushes;
    private io.netty.handler.codec.http2.Http2Connection.@Nullable PropertyKey key;

    private Http2ServerConnection(ExchangeFactory exchanges) {
        this.exchanges = exchanges;
    }

    /** The handler for the tunnel's pipeline; it reads from the connection preface on. */
    public static Http2ConnectionHandler handler(ExchangeFactory exchanges) {
        Http2ServerConnection listener = new Http2ServerConnection(exchanges);
        Http2ConnectionHandler h = new Builder(listener).build();
        listener.handler = h;
        listener.key = h.connection().newKey();
        h.connection().addListener(listener);
        h.connection().remote().flowController().listener(listener::writabilityChanged);
        return h;
    }

    private static final class Builder extends AbstractHttp2ConnectionHandlerBuilder<Http2ConnectionHandler, Builder> {
        private final Http2ServerConnection listener;

        Builder(Http2ServerConnection listener) {
            this.listener = listener;
            server(true);
            frameListener(listener);
            initialSettings(new Http2Settings()
                    .maxConcurrentStreams(MAX_STREAMS)
                    .initialWindowSize(STREAM_WINDOW)
                    .maxHeaderListSize(Http1Decoder.MAX_HEAD));
            validateHeaders(true);
            gracefulShutdownTimeoutMillis(0);
        }

        @Override
        public Http2ConnectionHandler build() {
            return super.build();
        }

        @Override
        protected Http2ConnectionHandler build(
                io.netty.handler.codec.http2.Http2ConnectionDecoder decoder,
                io.netty.handler.codec.http2.Http2ConnectionEncoder encoder,
                Http2Settings settings) {
            return new Handler(decoder, encoder, settings, listener);
        }
    }

    private static final class Handler extends Http2ConnectionHandler {
        private static final Logger log = LoggerFactory.getLogger(Handler.class);

        private final Http2ServerConnection listener;

        Handler(
                io.netty.handler.codec.http2.Http2ConnectionDecoder decoder,
                io.netty.handler.codec.http2.Http2ConnectionEncoder encoder,
                Http2Settings settings,
                Http2ServerConnection listener) {
            super(decoder, encoder, settings);
            this.listener = listener;
        }

        @Override
        public void onError(ChannelHandlerContext c, boolean outbound, Throwable cause) {
            // A peer that hangs up is an everyday event.
            if (Http2CodecUtil.getEmbeddedHttp2Exception(cause) == null && !(cause instanceof IOException)) {
                log.warn("HTTP/2 connection {} fails: {}", c.channel(), cause.toString(), cause);
            }
            super.onError(c, outbound, cause);
        }

        /** As Envoy: a malformed message ends the connection (asked of Envoy 1.40.0). */
        @Override
        protected void onStreamError(
                ChannelHandlerContext c, boolean outbound, Throwable cause, Http2Exception.StreamException e) {
            if (!outbound && e instanceof Http2Exception.HeaderListSizeException) {
                // Recorded for HTTP/1.1 is 431; an HTTP/2 stream is reset (asked of Envoy 1.40.0).
                resetStream(c, e.streamId(), Http2Error.INTERNAL_ERROR.code(), c.newPromise());
                c.flush();
            } else if (outbound || e.error() != Http2Error.PROTOCOL_ERROR) {
                super.onStreamError(c, outbound, cause, e);
            } else {
                onConnectionError(
                        c, false, cause, Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, e.getMessage()));
            }
        }

        @Override
        public void handlerAdded(ChannelHandlerContext c) throws Exception {
            listener.ctx = c;
            listener.flushes = new Http2Flush(this, c);
            super.handlerAdded(c);
            Http2Stream connection = connection().connectionStream();
            int grow = CONNECTION_WINDOW - connection().local().flowController().windowSize(connection);
            if (grow > 0) {
                connection().local().flowController().incrementWindowSize(connection, grow);
            }
        }
    }

    private void flushSoon() {
        Objects.requireNonNull(flushes, "handler not added").flushSoon();
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx, "handler not added");
    }

    private Http2ConnectionHandler h2() {
        return Objects.requireNonNull(handler, "handler not built");
    }

    private io.netty.handler.codec.http2.Http2Connection.PropertyKey propertyKey() {
        return Objects.requireNonNull(key, "handler not built");
    }

    private @Nullable Stream streamOf(@Nullable Http2Stream s) {
        return s == null ? null : s.getProperty(propertyKey());
    }

    @Override
    public void onHeadersRead(
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
    public void onHeadersRead(ChannelHandlerContext c, int id, Http2Headers headers, int padding, boolean end) {
        headers(c, id, headers, end);
    }

    private void headers(ChannelHandlerContext c, int id, Http2Headers headers, boolean end) {
        Http2Stream s = h2().connection().stream(id);
        Stream known = streamOf(s);
        if (known != null) {
            known.trailersRead(Http2Heads.fields(headers));
            return;
        }
        if (headers.size() > Http1Heads.MAX_LINES) {
            h2().encoder().writeRstStream(c, id, Http2Error.INTERNAL_ERROR.code(), c.newPromise());
            flushSoon();
            return;
        }
        Stream stream = new Stream(Objects.requireNonNull(s, "stream of HEADERS"));
        s.setProperty(propertyKey(), stream);
        try {
            RequestHead head = Http2Heads.request(headers);
            stream.headRequest = head.method().contentEquals("HEAD");
            stream.requestEnded = end;
            HopByHop.removeFromRequest(head.headers(), false);
            stream.exchange = exchanges.begin(head, end, false, stream);
        } catch (BadMessageException e) {
            // As Envoy: who sends such a head is not spoken to any more.
            h2().onError(c, false, Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, e.details()));
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext c, int id, ByteBuf data, int padding, boolean end) {
        Stream s = streamOf(h2().connection().stream(id));
        int bytes = data.readableBytes();
        if (s == null || s.exchange == null) {
            return bytes + padding;
        }
        s.requestEnded |= end;
        boolean hold = s.paused;
        if (hold) {
            s.owed += bytes;
        }
        s.exchange.onRequestData(data.retain(), end);
        return hold ? padding : bytes + padding;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext c, int id, long error) {
        Stream s = streamOf(h2().connection().stream(id));
        if (s != null) {
            s.gone("http2.remote_reset");
        }
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        Stream s = streamOf(stream);
        if (s != null) {
            s.gone("downstream_remote_disconnect");
        }
    }

    private void writabilityChanged(Http2Stream stream) {
        Stream s = streamOf(stream);
        if (s != null && s.exchange != null && s.writable()) {
            s.exchange.onDownstreamWritable();
        }
    }

    /** One stream: the client's side of one exchange. */
    private final class Stream implements DownstreamStream {
        private final Http2Stream stream;
        private @Nullable ExchangeHandler exchange;
        private boolean headRequest;
        private boolean requestEnded;
        private boolean ended;
        private boolean paused;
        private int owed;

        Stream(Http2Stream stream) {
            this.stream = stream;
        }

        void trailersRead(Headers trailers) {
            ExchangeHandler e = exchange;
            requestEnded = true;
            if (e != null) {
                e.onRequestTrailers(trailers);
            }
        }

        void gone(String details) {
            ExchangeHandler e = exchange;
            exchange = null;
            if (e != null && !ended) {
                e.onDownstreamReset(details);
            }
        }

        @Override
        public void informational(ResponseHead head) {
            h2().encoder()
                    .writeHeaders(
                            context(),
                            stream.id(),
                            Http2Heads.response(head),
                            0,
                            false,
                            context().newPromise());
            flushSoon();
        }

        @Override
        public void head(ResponseHead head, boolean end) {
            ended |= end;
            ChannelPromise written = context().newPromise();
            h2().encoder().writeHeaders(context(), stream.id(), Http2Heads.response(head), 0, end, written);
            afterWrite(end, written);
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            ended |= end;
            ByteBuf d = data;
            if (headRequest && data.isReadable()) {
                data.release();
                d = Unpooled.EMPTY_BUFFER;
            }
            ChannelPromise written = context().newPromise();
            h2().encoder().writeData(context(), stream.id(), d, 0, end, written);
            afterWrite(end, written);
        }

        @Override
        public void trailers(Headers trailers) {
            ended = true;
            ChannelPromise written = context().newPromise();
            h2().encoder().writeHeaders(context(), stream.id(), Http2Heads.trailers(trailers), 0, true, written);
            afterWrite(true, written);
        }

        private void afterWrite(boolean end, ChannelPromise written) {
            if (end) {
                exchange = null;
                if (!requestEnded) {
                    // Behind the end, which may wait for room: a reset drops what still waits.
                    written.addListener(done -> stopRequest());
                }
            }
            flushSoon();
        }

        /** As Envoy: a response that ended early resets the rest of the request with NO_ERROR. */
        private void stopRequest() {
            if (h2().connection().stream(stream.id()) != null) {
                h2().encoder()
                        .writeRstStream(
                                context(),
                                stream.id(),
                                Http2Error.NO_ERROR.code(),
                                context().newPromise());
                flushSoon();
            }
        }

        @Override
        public void reset() {
            exchange = null;
            ended = true;
            h2().encoder()
                    .writeRstStream(
                            context(),
                            stream.id(),
                            Http2Error.INTERNAL_ERROR.code(),
                            context().newPromise());
            flushSoon();
        }

        @Override
        public boolean writable() {
            Http2RemoteFlowController f = h2().connection().remote().flowController();
            return context().channel().isActive() && f.isWritable(stream);
        }

        @Override
        public void readRequest(boolean on) {
            paused = !on;
            if (on && owed > 0) {
                int n = owed;
                owed = 0;
                try {
                    if (h2().connection().local().flowController().consumeBytes(stream, n)) {
                        flushSoon();
                    }
                } catch (Http2Exception e) {
                    context().fireExceptionCaught(e);
                }
            }
        }

        @Override
        public void closeAfterResponse() {
            // Connections of HTTP/2 outlive their streams.
        }
    }
}
