package io.milepost.waypoint.codec;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** h2c to one endpoint: many streams, each one attempt of an exchange. Confined to its event loop. */
public final class Http2ClientConnection extends Http2EventAdapter {
    private static final int STREAM_WINDOW = 256 * 1024;
    private static final int CONNECTION_WINDOW = 16 << 20;

    private final long number = ConnectionNumber.next();
    private final Runnable onClosed;
    private @Nullable Http2ConnectionHandler handler;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Http2Flush flushes;
    private Http2Connection.@Nullable PropertyKey key;
    private boolean goAway;
    private boolean closed;
    private int requests;
    private @Nullable ScheduledFuture<?> pingTimeout;

    private Http2ClientConnection(Runnable onClosed) {
        this.onClosed = onClosed;
    }

    /**
     * Makes a connection whose {@link #handler()} belongs into the tunnel's pipeline.
     *
     * @param onClosed called once when no further stream can be opened
     */
    public static Http2ClientConnection create(Runnable onClosed) {
        Http2ClientConnection c = new Http2ClientConnection(onClosed);
        Http2ConnectionHandler h = new Builder(c).build();
        c.handler = h;
        c.key = h.connection().newKey();
        h.connection().addListener(c);
        h.connection().remote().flowController().listener(c::writabilityChanged);
        return c;
    }

    private static final class Builder extends AbstractHttp2ConnectionHandlerBuilder<Http2ConnectionHandler, Builder> {
        private final Http2ClientConnection owner;

        Builder(Http2ClientConnection owner) {
            this.owner = owner;
            connection(new DefaultHttp2Connection(false));
            frameListener(owner);
            initialSettings(new Http2Settings()
                    .pushEnabled(false)
                    .initialWindowSize(STREAM_WINDOW)
                    .maxHeaderListSize(Http1Decoder.MAX_HEAD));
            gracefulShutdownTimeoutMillis(0);
            // The builder takes a given connection for a server's: 200 streams that the application resets would end
            // it.
            decoderEnforceMaxRstFramesPerWindow(0, 0);
            encoderEnforceMaxRstFramesPerWindow(0, 0);
        }

        @Override
        public Http2ConnectionHandler build() {
            return super.build();
        }

        @Override
        protected Http2ConnectionHandler build(
                Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
            return new Handler(decoder, encoder, settings, owner);
        }
    }

    private static final class Handler extends Http2ConnectionHandler {
        private static final Logger log = LoggerFactory.getLogger(Handler.class);

        private final Http2ClientConnection owner;

        Handler(
                Http2ConnectionDecoder decoder,
                Http2ConnectionEncoder encoder,
                Http2Settings settings,
                Http2ClientConnection owner) {
            super(decoder, encoder, settings);
            this.owner = owner;
        }

        @Override
        public void onError(ChannelHandlerContext c, boolean outbound, Throwable cause) {
            // A peer that hangs up is an everyday event.
            if (Http2CodecUtil.getEmbeddedHttp2Exception(cause) == null && !(cause instanceof IOException)) {
                log.warn("HTTP/2 connection {} fails: {}", c.channel(), cause.toString(), cause);
            }
            super.onError(c, outbound, cause);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext c) throws Exception {
            owner.ctx = c;
            owner.flushes = new Http2Flush(this, c);
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
            int grow = CONNECTION_WINDOW - connection().local().flowController().initialWindowSize(connection);
            if (grow > 0) {
                connection().local().flowController().incrementWindowSize(connection, grow);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext c) throws Exception {
            owner.retire();
            super.channelInactive(c);
        }
    }

    public Http2ConnectionHandler handler() {
        return Objects.requireNonNull(handler, "handler not built");
    }

    private void flushSoon() {
        Objects.requireNonNull(flushes, "handler not added").flushSoon();
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx, "handler not added");
    }

    private Http2Connection.PropertyKey propertyKey() {
        return Objects.requireNonNull(key, "handler not built");
    }

    private void retire() {
        if (!closed) {
            closed = true;
            onClosed.run();
        }
    }

    /** Whether a further stream may be opened. */
    public boolean usable() {
        ChannelHandlerContext c = ctx;
        return !closed
                && !goAway
                && c != null
                && c.channel().isActive()
                && handler().connection().local().canOpenStream();
    }

    /** Streams opened so far. */
    public int requests() {
        return requests;
    }

    public int activeStreams() {
        return handler().connection().numActiveStreams();
    }

    /** No new streams; the connection closes when the last one is over. */
    public void drain() {
        retire();
        closeIfIdle();
    }

    public void close() {
        context().close();
    }

    /** Asks for a sign of life; without one within the time the connection closes. */
    public void ping(long timeoutMillis) {
        ChannelHandlerContext c = context();
        if (pingTimeout == null && c.channel().isActive()) {
            handler().encoder().writePing(c, false, 0, c.newPromise());
            c.flush();
            pingTimeout = c.executor().schedule(this::close, timeoutMillis, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext c, long data) {
        ScheduledFuture<?> t = pingTimeout;
        pingTimeout = null;
        if (t != null) {
            t.cancel(false);
        }
    }

    /** Opens a stream for one attempt. */
    public UpstreamStream open(UpstreamStream.Listener listener) {
        requests++;
        return new Stream(listener);
    }

    @Override
    public void onGoAwayReceived(int lastStreamId, long errorCode, ByteBuf debugData) {
        goAway = true;
        retire();
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
        headers(id, headers, end);
    }

    @Override
    public void onHeadersRead(ChannelHandlerContext c, int id, Http2Headers headers, int padding, boolean end) {
        headers(id, headers, end);
    }

    private @Nullable Stream stream(int id) {
        Http2Stream s = handler().connection().stream(id);
        return s == null ? null : s.getProperty(propertyKey());
    }

    private void headers(int id, Http2Headers headers, boolean end) {
        Stream s = stream(id);
        UpstreamStream.Listener l = s == null ? null : s.listener;
        if (s == null || l == null) {
            return;
        }
        if (s.headRead) {
            s.responseEnded = true;
            s.finish();
            l.onTrailers(Http2Heads.fields(headers));
            return;
        }
        try {
            ResponseHead head = Http2Heads.response(headers);
            HopByHop.removeFromResponse(head.headers(), false);
            if (head.status() == 101) {
                throw new BadMessageException(502, "upstream_protocol_error");
            }
            if (head.status() < 200) {
                l.onInformational(head);
                return;
            }
            s.headRead = true;
            s.bodyless = s.headRequest || head.status() == 204 || head.status() == 304;
            if (end) {
                s.responseEnded = true;
                s.finish();
            }
            l.onHead(head, end);
        } catch (BadMessageException e) {
            s.broken(l);
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext c, int id, ByteBuf data, int padding, boolean end) {
        Stream s = stream(id);
        int bytes = data.readableBytes();
        UpstreamStream.Listener l = s == null ? null : s.listener;
        if (s == null || l == null) {
            return bytes + padding;
        }
        if (!s.headRead || s.bodyless && bytes > 0) {
            // Data before a final head, or where there is no body (asked of Envoy 1.40.0).
            s.broken(l);
            return bytes + padding;
        }
        boolean hold = s.paused;
        if (hold) {
            s.owed += bytes;
        }
        if (end) {
            s.responseEnded = true;
            s.finish();
        }
        l.onData(data.retain(), end);
        return hold ? padding : bytes + padding;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext c, int id, long error) {
        Stream s = stream(id);
        if (s != null) {
            s.fail(error == Http2Error.REFUSED_STREAM.code() ? Reset.REFUSED_STREAM : Reset.REMOTE_RESET);
        }
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        Stream s = stream.getProperty(propertyKey());
        if (s != null) {
            s.fail(
                    goAway && stream.id() > handler().connection().local().lastStreamKnownByPeer()
                            ? Reset.REFUSED_STREAM
                            : Reset.CONNECTION_TERMINATION);
        }
        closeIfIdle();
    }

    private void closeIfIdle() {
        if (closed
                && handler().connection().numActiveStreams() == 0
                && context().channel().isActive()) {
            context().close();
        }
    }

    private void writabilityChanged(Http2Stream stream) {
        Stream s = stream.getProperty(propertyKey());
        UpstreamStream.Listener l = s == null ? null : s.listener;
        if (s != null && l != null && s.writable()) {
            l.onWritable();
        }
    }

    /** One stream: one attempt. */
    private final class Stream implements UpstreamStream {
        private @Nullable Listener listener;
        private @Nullable Http2Stream stream;
        private boolean headRead;
        private boolean headRequest;
        private boolean bodyless;
        private boolean requestEnded;
        private boolean responseEnded;
        private boolean paused;
        private int owed;

        Stream(Listener listener) {
            this.listener = listener;
        }

        private void fail(Reset reason) {
            Listener l = listener;
            listener = null;
            if (l != null && !responseEnded) {
                l.onReset(reason, "");
            }
        }

        /** The peer broke the protocol. */
        private void broken(UpstreamStream.Listener l) {
            listener = null;
            reset(Http2Error.PROTOCOL_ERROR);
            l.onReset(Reset.PROTOCOL_ERROR, "");
        }

        private int id() {
            return Objects.requireNonNull(stream, "head not sent").id();
        }

        @Override
        public void head(RequestHead head, boolean end) {
            requestEnded = end;
            headRequest = head.method().contentEquals("HEAD");
            int id = handler().connection().local().incrementAndGetNextStreamId();
            handler()
                    .encoder()
                    .writeHeaders(
                            context(),
                            id,
                            Http2Heads.request(head),
                            0,
                            end,
                            context().newPromise());
            Http2Stream s = handler().connection().stream(id);
            if (s == null) {
                fail(Reset.CONNECTION_TERMINATION);
                return;
            }
            stream = s;
            s.setProperty(propertyKey(), this);
            flushSoon();
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            if (stream == null) {
                data.release();
                return;
            }
            requestEnded |= end;
            handler()
                    .encoder()
                    .writeData(context(), id(), data, 0, end, context().newPromise());
            flushSoon();
            finish();
        }

        @Override
        public void trailers(Headers trailers) {
            if (stream == null) {
                return;
            }
            requestEnded = true;
            handler()
                    .encoder()
                    .writeHeaders(
                            context(),
                            id(),
                            Http2Heads.trailers(trailers),
                            0,
                            true,
                            context().newPromise());
            flushSoon();
            finish();
        }

        private void finish() {
            if (responseEnded && !requestEnded && listener != null && stream != null) {
                // The response is complete: the rest of the request is of no use to the application.
                listener = null;
                reset(Http2Error.NO_ERROR);
            }
        }

        private void reset(Http2Error error) {
            if (stream != null) {
                handler()
                        .encoder()
                        .writeRstStream(context(), id(), error.code(), context().newPromise());
                flushSoon();
            }
        }

        @Override
        public void cancel() {
            listener = null;
            if (!(requestEnded && responseEnded)) {
                reset(Http2Error.CANCEL);
            }
        }

        @Override
        public boolean writable() {
            Http2Stream s = stream;
            return s != null
                    && context().channel().isActive()
                    && handler().connection().remote().flowController().isWritable(s);
        }

        @Override
        public void readResponse(boolean on) {
            paused = !on;
            Http2Stream s = stream;
            if (on && owed > 0 && s != null) {
                int n = owed;
                owed = 0;
                try {
                    if (handler().connection().local().flowController().consumeBytes(s, n)) {
                        flushSoon();
                    }
                } catch (Http2Exception e) {
                    context().fireExceptionCaught(e);
                }
            }
        }

        @Override
        public SocketAddress localAddress() {
            return context().channel().localAddress();
        }

        @Override
        public long connectionNumber() {
            return number;
        }
    }
}
