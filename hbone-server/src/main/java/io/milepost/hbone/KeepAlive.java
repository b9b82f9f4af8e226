package io.milepost.hbone;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pings like ztunnel's: every 10 s also under traffic; a peer that does not answer for 20 s is gone. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class KeepAlive implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(KeepAlive.class);
    static final long PAYLOAD = 0x4d696c65706f7374L;

    /** @param idleMillis without any tunnel, after which the connection is closed */
    record Times(long pingMillis, long timeoutMillis, long idleMillis) {}

    private final TunnelMux mux;
    private final Times times;
    private @Nullable ScheduledFuture<?> task;
    private long unansweredSince;
    private boolean unanswered;
    private boolean silent;

    KeepAlive(TunnelMux mux, Times times) {
        this.mux = mux;
        this.times = times;
    }

    void start() {
        task = mux.loop().scheduleWithFixedDelay(this, times.pingMillis(), times.pingMillis(), TimeUnit.MILLISECONDS);
    }

    void stop() {
        ScheduledFuture<?> current = task;
        if (current != null) {
            current.cancel(false);
        }
    }

    /** Whatever comes shows it; an answer to a ping may wait behind much else. */
    void peerIsAlive() {
        silent = false;
    }

    void onAck(long payload) {
        if (payload == PAYLOAD) {
            unanswered = false;
        }
    }

    @Override
    public void run() {
        if (!mux.channel().isActive()) {
            stop();
            return;
        }
        long now = System.nanoTime();
        if (unanswered) {
            if (!silent) {
                silent = true;
                unansweredSince = now;
            }
            if (now - unansweredSince >= TimeUnit.MILLISECONDS.toNanos(times.timeoutMillis())) {
                mux.metrics().count(HboneMetrics.Counter.PING_TIMEOUTS);
                log.info("{} peer answers no pings, closing {} tunnels", mux.channel(), mux.tunnels());
                mux.writeGoAway(mux.connection().remote().lastStreamCreated(), Http2Error.NO_ERROR);
                mux.flushAndClose();
            }
            return;
        }
        if (mux.idleNanos() > TimeUnit.MILLISECONDS.toNanos(times.idleMillis())) {
            if (!mux.drain().isStarted()) {
                mux.metrics().count(HboneMetrics.Counter.IDLE_CLOSED);
                mux.drain().start();
            }
            return;
        }
        unanswered = true;
        silent = true;
        unansweredSince = now;
        mux.writePing(PAYLOAD);
    }
}
