package io.milepost.waypoint.codec;

import io.milepost.filters.RetryDecider.Reset;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * h2c to one endpoint: how long the connection is used, and which {@link Http2ClientStream} a frame is for. Confined to its
 * event loop.
 */
public final class Http2ClientConnection extends Http2Side<Http2ClientStream> {
    private static final int CONNECTION_WINDOW = 16 << 20;

    final long number = ConnectionNumber.next();
    private final Runnable onClosed;
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
        c.attach(Http2Handler.ofClient(c, CONNECTION_WINDOW));
        return c;
    }

    public Http2ConnectionHandler handler() {
        return h2();
    }

    // ---- how long it is used

    /** Whether a further stream may be opened. */
    public boolean usable() {
        return !closed && !goAway && isOpen() && h2().connection().local().canOpenStream();
    }

    /** Streams opened so far. */
    public int requests() {
        return requests;
    }

    public int activeStreams() {
        return h2().connection().numActiveStreams();
    }

    /** Opens a stream for one attempt. */
    public UpstreamStream open(UpstreamStream.Listener listener) {
        requests++;
        return new Http2ClientStream(this, listener);
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
            h2().encoder().writePing(c, false, 0, c.newPromise());
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

    @Override
    public void onGoAwayReceived(int lastStreamId, long errorCode, ByteBuf debugData) {
        goAway = true;
        retire();
    }

    @Override
    void gone() {
        retire();
    }

    private void retire() {
        if (!closed) {
            closed = true;
            onClosed.run();
        }
    }

    private void closeIfIdle() {
        if (closed && activeStreams() == 0 && isOpen()) {
            close();
        }
    }

    // ---- which stream a frame is for

    @Override
    void headers(ChannelHandlerContext c, int id, Http2Headers headers, boolean end) {
        Http2ClientStream s = stream(id);
        if (s != null) {
            s.headersRead(headers, end);
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext c, int id, ByteBuf data, int padding, boolean end) {
        Http2ClientStream s = stream(id);
        return s == null ? data.readableBytes() + padding : s.dataRead(data, padding, end);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext c, int id, long error) {
        Http2ClientStream s = stream(id);
        if (s != null) {
            s.fail(error == Http2Error.REFUSED_STREAM.code() ? Reset.REFUSED_STREAM : Reset.REMOTE_RESET);
        }
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        Http2ClientStream s = streamOf(stream);
        if (s != null) {
            s.fail(
                    goAway && stream.id() > h2().connection().local().lastStreamKnownByPeer()
                            ? Reset.REFUSED_STREAM
                            : Reset.CONNECTION_TERMINATION);
        }
        closeIfIdle();
    }

    @Override
    void writabilityChanged(Http2Stream stream) {
        Http2ClientStream s = streamOf(stream);
        if (s != null) {
            s.writabilityChanged();
        }
    }
}
