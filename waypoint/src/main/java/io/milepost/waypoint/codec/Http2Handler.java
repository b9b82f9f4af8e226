package io.milepost.waypoint.codec;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Netty's part of an HTTP/2 connection, with our settings and our way to end; its frames go to a {@link Http2Side}. */
final class Http2Handler extends Http2ConnectionHandler {
    private static final Logger log = LoggerFactory.getLogger(Http2Handler.class);
    private static final int STREAM_WINDOW = 256 * 1024;

    private final Http2Side<?> side;
    private final int window;

    private Http2Handler(
            Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder,
            Http2Settings settings,
            Http2Side<?> side,
            int window) {
        super(decoder, encoder, settings);
        this.side = side;
        this.window = window;
    }

    /** @param window of the connection, all streams together */
    static Http2Handler ofServer(Http2Side<?> side, int window, int maxStreams) {
        return new Builder(side, window, true, new Http2Settings().maxConcurrentStreams(maxStreams)).build();
    }

    static Http2Handler ofClient(Http2Side<?> side, int window) {
        return new Builder(side, window, false, new Http2Settings().pushEnabled(false)).build();
    }

    private static final class Builder extends AbstractHttp2ConnectionHandlerBuilder<Http2Handler, Builder> {
        private final Http2Side<?> side;
        private final int window;

        Builder(Http2Side<?> side, int window, boolean server, Http2Settings settings) {
            this.side = side;
            this.window = window;
            server(server);
            frameListener(side);
            initialSettings(settings.initialWindowSize(STREAM_WINDOW).maxHeaderListSize(Http1Decoder.MAX_HEAD));
            validateHeaders(true);
            gracefulShutdownTimeoutMillis(0);
            if (!server) {
                // Resets of a server are no attack on its client: they must not end the connection.
                decoderEnforceMaxRstFramesPerWindow(0, 0);
                encoderEnforceMaxRstFramesPerWindow(0, 0);
            }
        }

        @Override
        public Http2Handler build() {
            return super.build();
        }

        @Override
        protected Http2Handler build(
                Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
            return new Http2Handler(decoder, encoder, settings, side, window);
        }
    }

    @Override
    public void onError(ChannelHandlerContext c, boolean outbound, Throwable cause) {
        // A peer that hangs up is an everyday event.
        if (Http2CodecUtil.getEmbeddedHttp2Exception(cause) == null && !(cause instanceof IOException)) {
            log.warn("HTTP/2 connection {} fails: {}", c.channel(), cause.toString(), cause);
        }
        super.onError(c, outbound, cause);
    }

    /** As Envoy: a client's malformed message ends the connection (asked of Envoy 1.40.0). */
    @Override
    protected void onStreamError(
            ChannelHandlerContext c, boolean outbound, Throwable cause, Http2Exception.StreamException e) {
        if (outbound || !connection().isServer()) {
            super.onStreamError(c, outbound, cause, e);
        } else if (e instanceof Http2Exception.HeaderListSizeException) {
            // Recorded for HTTP/1.1 is 431; an HTTP/2 stream is reset (asked of Envoy 1.40.0).
            resetStream(c, e.streamId(), Http2Error.INTERNAL_ERROR.code(), c.newPromise());
            c.flush();
        } else if (e.error() != Http2Error.PROTOCOL_ERROR) {
            super.onStreamError(c, false, cause, e);
        } else {
            onConnectionError(
                    c, false, cause, Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, e.getMessage()));
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext c) throws Exception {
        side.added(c, this);
        super.handlerAdded(c);
        if (c.channel().isActive()) {
            grow();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext c) throws Exception {
        super.channelActive(c);
        grow();
    }

    private void grow() throws Http2Exception {
        Http2Stream connection = connection().connectionStream();
        int grow = window - connection().local().flowController().initialWindowSize(connection);
        if (grow > 0) {
            connection().local().flowController().incrementWindowSize(connection, grow);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext c) throws Exception {
        side.gone();
        super.channelInactive(c);
    }
}
