package io.milepost.hbone;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Error;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** One HBONE connection of a client, after its handshake. Also the last handler of its pipeline. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ClientConnection extends ChannelInboundHandlerAdapter {
    private static final long STARVED_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final TunnelMux mux;
    private final int maxTunnels;
    private int refusedAt = Integer.MAX_VALUE;
    private boolean retiring;
    private @Nullable Throwable failure;

    ClientConnection(TunnelMux mux, int maxTunnels) {
        this.mux = mux;
        this.maxTunnels = maxTunnels;
    }

    TunnelMux mux() {
        return mux;
    }

    boolean isUsable() {
        return mux.channel().isActive()
                && !retiring
                && !mux.drain().isStarted()
                && !mux.connection().goAwayReceived();
    }

    boolean canOpen() {
        return isUsable()
                && mux.tunnels() < maxTunnels
                && mux.tunnels() < refusedAt
                && mux.connection().local().canOpenStream()
                && !isStarved();
    }

    private boolean isStarved() {
        if (!mux.isStarved(STARVED_NANOS)) {
            return false;
        }
        mux.metrics().count(HboneMetrics.Counter.STARVED);
        return true;
    }

    /** The peer has fewer streams to give than we thought. */
    void refusedStream() {
        refusedAt = Math.max(1, mux.tunnels());
    }

    /** Takes no more tunnels and closes with the last one. */
    void retire() {
        retiring = true;
        mux.drain().start();
    }

    boolean isBeyondGoAway(int streamId) {
        return mux.connection().goAwayReceived()
                && streamId > mux.connection().local().lastStreamKnownByPeer();
    }

    TunnelException closedBeforeOpen(TunnelTarget target) {
        return new TunnelException(
                TunnelException.Kind.CONNECTION_CLOSED,
                0,
                "connection to " + ClientErrors.where(target.address()) + " takes no tunnel to " + target.authority());
    }

    TunnelException closedBeforeAnswer(TunnelStream stream, TunnelTarget target) {
        String where = ClientErrors.where(target.address());
        SSLException tls = ClientErrors.tlsCause(failure);
        if (tls != null) {
            return ClientErrors.rejected(target.address(), tls);
        }
        String what;
        if (stream.resetCode() >= 0) {
            what = "stream reset by " + where + " with " + Http2Error.valueOf(stream.resetCode());
        } else {
            Throwable cause = failure;
            what = "connection to " + where + " closed" + (cause == null ? "" : " (" + cause.getMessage() + ")");
        }
        return new TunnelException(
                TunnelException.Kind.CONNECTION_CLOSED,
                0,
                what + " before CONNECT " + target.authority() + " was answered");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        ctx.close();
    }
}
