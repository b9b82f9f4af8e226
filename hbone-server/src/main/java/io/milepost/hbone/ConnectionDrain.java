package io.milepost.hbone;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.concurrent.Promise;
import java.util.concurrent.TimeUnit;

/**
 * Ends one connection without losing a tunnel: GOAWAY(2^31-1) and a PING; what comes before the PING's answer is served;
 * then the final GOAWAY; then close when the last tunnel is gone. ztunnel retries nothing, hence the two steps.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ConnectionDrain {
    static final long PAYLOAD = 0x447261696e696e67L;
    private static final long PING_TIMEOUT_SECONDS = 5;

    private final TunnelMux mux;
    private final Promise<Void> closed;
    private boolean started;
    private boolean finalSent;

    ConnectionDrain(TunnelMux mux) {
        this.mux = mux;
        this.closed = mux.loop().newPromise();
    }

    boolean isStarted() {
        return started;
    }

    /** Completes when the connection is gone, drained or not. */
    Promise<Void> closed() {
        return closed;
    }

    void start() {
        if (started || !mux.channel().isActive()) {
            return;
        }
        started = true;
        if (mux.isServer()) {
            mux.writeGoAway(Integer.MAX_VALUE, Http2Error.NO_ERROR);
            mux.writePing(PAYLOAD);
            mux.loop().schedule(this::finish, PING_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } else {
            finish();
        }
    }

    void onPingAck(long payload) {
        if (payload == PAYLOAD && started) {
            finish();
        }
    }

    private void finish() {
        if (finalSent || !mux.channel().isActive()) {
            return;
        }
        finalSent = true;
        mux.writeGoAway(mux.connection().remote().lastStreamCreated(), Http2Error.NO_ERROR);
        tunnelClosed();
    }

    void tunnelClosed() {
        if (finalSent && mux.tunnels() == 0) {
            // Behind whatever the last tunnel still writes in this turn.
            mux.loop().execute(() -> {
                if (mux.tunnels() == 0) {
                    mux.flushAndClose();
                }
            });
        }
    }

    void connectionClosed() {
        closed.trySuccess(null);
    }
}
