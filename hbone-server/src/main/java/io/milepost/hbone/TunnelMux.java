package io.milepost.hbone;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tunnels of one HTTP/2 connection, whoever made its {@link Http2ConnectionHandler} (Armeria on the server, this
 * library on the client). Confined to the event loop of the connection.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class TunnelMux extends Http2ConnectionAdapter {
    private static final Logger log = LoggerFactory.getLogger(TunnelMux.class);
    private static final long WITHHELD_RETRY_MILLIS = 50;
    private static final int INITIAL_WINDOW = 64 << 10;
    private static final long MAX_PENDING_BYTES = 2 << 20;

    private final Http2ConnectionHandler handler;
    private final ChannelHandlerContext ctx;
    private final Http2Connection connection;
    private final Http2Connection.PropertyKey key;
    private final HboneMemoryBudget budget;
    private final HboneMetrics metrics;
    private final int maxWindow;
    private final ProvokedResets provoked = new ProvokedResets();
    private final ArrayList<TunnelChannel> readComplete = new ArrayList<>();
    private final ArrayDeque<TunnelStream> withheld = new ArrayDeque<>();
    private final ArrayDeque<TunnelStream> resumable = new ArrayDeque<>();
    /** Tunnels with bytes that the flow controller did not take; at most each once. */
    private final ArrayDeque<TunnelStream> blocked = new ArrayDeque<>();

    private boolean unblockScheduled;
    private final KeepAlive keepAlive;
    private final ConnectionDrain drain;
    private @Nullable Runnable onTunnelClosed;
    private boolean reading;
    private boolean flushScheduled;
    private int tunnels;
    private long lastConnectionWindowUpdate = System.nanoTime();
    private long lastActivity = System.nanoTime();

    TunnelMux(
            Http2ConnectionHandler handler,
            ChannelHandlerContext ctx,
            HboneMemoryBudget budget,
            HboneMetrics metrics,
            int maxWindow,
            KeepAlive.Times times) {
        this.handler = handler;
        this.ctx = ctx;
        this.budget = budget;
        this.metrics = metrics;
        this.maxWindow = maxWindow;
        this.connection = handler.connection();
        this.key = connection.newKey();
        this.keepAlive = new KeepAlive(this, times);
        this.drain = new ConnectionDrain(this);
        connection.addListener(this);
        handler.setCumulator(FrameCumulator.INSTANCE);
        handler.encoder().flowController().listener(this::writabilityChanged);
        keepAlive.start();
    }

    Channel channel() {
        return ctx.channel();
    }

    EventLoop loop() {
        return ctx.channel().eventLoop();
    }

    ByteBufAllocator alloc() {
        return ctx.alloc();
    }

    HboneMemoryBudget budget() {
        return budget;
    }

    HboneMetrics metrics() {
        return metrics;
    }

    Http2Connection connection() {
        return connection;
    }

    KeepAlive keepAlive() {
        return keepAlive;
    }

    ConnectionDrain drain() {
        return drain;
    }

    boolean isServer() {
        return connection.isServer();
    }

    int tunnels() {
        return tunnels;
    }

    long idleNanos() {
        return tunnels > 0 ? 0 : System.nanoTime() - lastActivity;
    }

    void onTunnelClosed(Runnable listener) {
        onTunnelClosed = listener;
    }

    // ---- streams

    TunnelStream newTunnel(Http2Stream stream, TunnelStream.@Nullable Observer observer) {
        TunnelStream tunnel = new TunnelStream(this, stream, observer);
        stream.setProperty(key, tunnel);
        tunnels++;
        return tunnel;
    }

    @Nullable
    TunnelStream tunnel(int streamId) {
        Http2Stream stream = connection.stream(streamId);
        return stream == null ? null : stream.getProperty(key);
    }

    /** Opens a stream with a CONNECT; null when the connection accepts no more. */
    @Nullable
    TunnelStream connect(Http2Headers headers, TunnelStream.Observer observer) {
        if (!connection.local().canOpenStream() || connection.goAwayReceived()) {
            return null;
        }
        int id = connection.local().incrementAndGetNextStreamId();
        if (id < 0) {
            return null;
        }
        handler.encoder().writeHeaders(ctx, id, headers, 0, false, ctx.newPromise());
        Http2Stream stream = connection.stream(id);
        if (stream == null) {
            return null;
        }
        TunnelStream tunnel = newTunnel(stream, observer);
        flushSoon();
        return tunnel;
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        TunnelStream tunnel = stream.getProperty(key);
        if (isServer() && stream.isResetSent() && (tunnel == null || !tunnel.isResetByUs())) {
            provokedReset();
        }
        if (tunnel == null) {
            return;
        }
        stream.removeProperty(key);
        tunnels--;
        lastActivity = System.nanoTime();
        tunnel.onClosed();
        drain.tunnelClosed();
        Runnable listener = onTunnelClosed;
        if (listener != null) {
            listener.run();
        }
    }

    /** The codec reset a stream for an error of the peer: cheap to provoke, and each may have cost a dial. */
    private void provokedReset() {
        if (provoked.isTooMany(System.nanoTime()) && channel().isActive()) {
            metrics.count(HboneMetrics.Counter.PROVOKED_RESETS);
            log.info("{} peer provokes stream errors, closing {} tunnels", channel(), tunnels);
            loop().execute(() -> {
                writeGoAway(connection.remote().lastStreamCreated(), Http2Error.ENHANCE_YOUR_CALM);
                flushAndClose();
            });
        }
    }

    // ---- reading

    void readStarted() {
        reading = true;
        keepAlive.peerIsAlive();
    }

    void readCompleteSoon(TunnelChannel channel) {
        readComplete.add(channel);
        if (!reading) {
            loop().execute(this::fireReadComplete);
        }
    }

    /** All frames of this turn were handed out. */
    void readEnded() {
        fireReadComplete();
        // What the tunnels wrote meanwhile goes out with the flush that the HTTP/2 handler makes next.
        reading = false;
        unblockSoon();
        closeIfFlooding();
    }

    /** DATA waits for a writable channel; what still piles up are answers (pings, settings, resets) to a peer that only writes. */
    private void closeIfFlooding() {
        ChannelOutboundBuffer pending = channel().unsafe().outboundBuffer();
        if (pending != null && pending.totalPendingWriteBytes() > MAX_PENDING_BYTES) {
            metrics.count(HboneMetrics.Counter.FLOODS);
            log.info("{} peer writes without reading, closing {} tunnels", channel(), tunnels);
            // Not through TLS, whose goodbye would wait behind what nobody reads.
            channel().unsafe().close(channel().unsafe().voidPromise());
        }
    }

    private void fireReadComplete() {
        for (int i = 0; i < readComplete.size(); i++) {
            readComplete.get(i).fireReadComplete();
        }
        readComplete.clear();
    }

    void returnCredit(Http2Stream stream, int bytes) {
        try {
            if (handler.decoder().flowController().consumeBytes(stream, bytes)) {
                flushSoon();
            }
        } catch (Http2Exception e) {
            log.warn("{} returning {} bytes of credit to stream {} failed", ctx.channel(), bytes, stream.id(), e);
        }
    }

    /** What a tunnel may hold unread before it has shown that its reader keeps up. */
    static int initialWindow(int maxWindow) {
        return Math.min(INITIAL_WINDOW, maxWindow);
    }

    int maxWindow() {
        return maxWindow;
    }

    void enlargeWindow(Http2Stream stream, int bytes) {
        try {
            handler.decoder().flowController().incrementWindowSize(stream, bytes);
            flushSoon();
        } catch (Http2Exception e) {
            log.warn("{} enlarging the window of stream {} failed", ctx.channel(), stream.id(), e);
        }
    }

    void creditWithheld(TunnelStream tunnel) {
        metrics.count(HboneMetrics.Counter.CREDIT_WITHHELD);
        if (withheld.isEmpty()) {
            loop().schedule(this::retryWithheld, WITHHELD_RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
        withheld.add(tunnel);
    }

    private void retryWithheld() {
        for (int n = withheld.size(); n > 0; n--) {
            TunnelStream tunnel = withheld.remove();
            if (tunnel.returnWithheld()) {
                withheld.add(tunnel);
            }
        }
        if (!withheld.isEmpty()) {
            loop().schedule(this::retryWithheld, WITHHELD_RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    // ---- writing

    boolean isWritable(Http2Stream stream) {
        return handler.encoder().flowController().isWritable(stream);
    }

    TunnelOutput output(Http2Stream stream) {
        return new TunnelOutput(handler, stream);
    }

    ChannelPromise newPromise() {
        return ctx.newPromise();
    }

    ChannelFuture writeHeaders(int streamId, Http2Headers headers, boolean endOfStream) {
        ChannelFuture written =
                handler.encoder().writeHeaders(ctx, streamId, headers, 0, endOfStream, ctx.newPromise());
        flushSoon();
        return written;
    }

    void writeReset(int streamId, long errorCode) {
        handler.resetStream(ctx, streamId, errorCode, ctx.newPromise());
        flushSoon();
    }

    void writePing(long payload) {
        handler.encoder().writePing(ctx, false, payload, ctx.newPromise());
        flushSoon();
    }

    void writeGoAway(int lastStreamId, Http2Error error) {
        handler.goAway(ctx, lastStreamId, error.code(), Unpooled.EMPTY_BUFFER, ctx.newPromise());
        flushSoon();
    }

    /** Writes of one turn of the event loop go out together. */
    void flushSoon() {
        if (reading || flushScheduled) {
            return;
        }
        flushScheduled = true;
        loop().execute(this::flushNow);
    }

    private void flushNow() {
        flushScheduled = false;
        try {
            handler.flush(ctx);
            unblockSoon();
        } catch (RuntimeException e) {
            log.warn("{} flush failed", ctx.channel(), e);
            close();
        }
    }

    private void writabilityChanged(Http2Stream stream) {
        TunnelStream tunnel = stream.getProperty(key);
        if (tunnel == null || !isWritable(stream)) {
            return;
        }
        // The flow controller is in the middle of its work; writing from here would confuse it.
        if (resumable.isEmpty()) {
            loop().execute(this::resumeWriters);
        }
        resumable.add(tunnel);
    }

    /** The tunnel has bytes that wait for the flow controller. */
    void blocked(TunnelStream tunnel) {
        if (tunnel.markBlocked(true)) {
            blocked.add(tunnel);
        }
    }

    /**
     * Looks again at blocked tunnels after everything that may have made room. The flow controller's listener alone is not
     * enough: a window that opens while the socket is full is not reported when the socket is writable again.
     */
    void unblockSoon() {
        if (!unblockScheduled && !blocked.isEmpty()) {
            unblockScheduled = true;
            loop().execute(this::unblock);
        }
    }

    private void unblock() {
        unblockScheduled = false;
        for (int n = blocked.size(); n > 0; n--) {
            TunnelStream tunnel = blocked.remove();
            tunnel.markBlocked(false);
            if (tunnel.closed() || tunnel.isWritable()) {
                tunnel.resumeWriting();
            } else {
                blocked(tunnel);
            }
        }
    }

    private void resumeWriters() {
        for (TunnelStream tunnel = resumable.poll(); tunnel != null; tunnel = resumable.poll()) {
            tunnel.resumeWriting();
        }
    }

    void connectionWindowUpdated() {
        lastConnectionWindowUpdate = System.nanoTime();
    }

    /** The peer reads so little of this connection's tunnels that a new one would wait behind them. */
    boolean isStarved(long forNanos) {
        return handler.encoder().flowController().windowSize(connection.connectionStream()) <= 0
                && System.nanoTime() - lastConnectionWindowUpdate > forNanos;
    }

    // ---- end

    /** Closes at once, with TLS close_notify but without waiting for tunnels. */
    void close() {
        ctx.close();
    }

    void flushAndClose() {
        flushNow();
        close();
    }

    /** The connection is gone. */
    void stop() {
        keepAlive.stop();
        drain.connectionClosed();
    }
}
