package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.HttpConversionUtil;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A tunnel from {@link HboneClient#open} until its answer. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class PendingTunnel implements TunnelStream.Observer {
    private static final String OK = "200";

    /** Opens a tunnel again that the peer did not touch. */
    interface Reopen {
        /** False when there is nowhere to open it. */
        boolean reopen(PendingTunnel tunnel);
    }

    private final Reopen again;
    private final TunnelTarget target;
    private final ChannelHandler handler;
    private final Promise<Channel> promise;
    private @Nullable TunnelStream stream;
    private @Nullable ClientConnection connection;
    private @Nullable ScheduledFuture<?> timeout;
    private boolean retried;

    PendingTunnel(Reopen again, TunnelTarget target, ChannelHandler handler, Promise<Channel> promise) {
        this.again = again;
        this.target = target;
        this.handler = handler;
        this.promise = promise;
    }

    /** False when the connection takes no more tunnels. */
    boolean openOn(ClientConnection candidate, long answerTimeoutMillis) {
        Http2Headers headers = new DefaultHttp2Headers(false).method("CONNECT").authority(target.authority());
        List<String> further = target.headers();
        for (int i = 0; i + 1 < further.size(); i += 2) {
            headers.add(further.get(i), further.get(i + 1));
        }
        TunnelStream opened = candidate.mux().connect(headers, this);
        if (opened == null) {
            return false;
        }
        stream = opened;
        connection = candidate;
        timeout = candidate
                .mux()
                .loop()
                .schedule(() -> answerTimedOut(answerTimeoutMillis), answerTimeoutMillis, TimeUnit.MILLISECONDS);
        return true;
    }

    boolean isCancelled() {
        return promise.isDone();
    }

    @Override
    public void onHeaders(Http2Headers headers, boolean endOfStream) {
        CharSequence status = headers.status();
        if (status == null || isInformational(status)) {
            return;
        }
        TunnelStream answered = stream;
        if (answered == null) {
            return;
        }
        settle();
        if (!OK.contentEquals(status)) {
            answered.mux().metrics().count(HboneMetrics.Counter.TUNNELS_REFUSED);
            answered.observer(new TunnelStream.Observer() {});
            answered.reset(Http2Error.CANCEL.code());
            promise.tryFailure(new TunnelException(
                    TunnelException.Kind.REFUSED,
                    number(status),
                    "http status: " + status + " for CONNECT " + target.authority() + " at " + where()));
            return;
        }
        answered.mux().metrics().count(HboneMetrics.Counter.TUNNELS_OPENED);
        TunnelChannel channel = new TunnelChannel(answered);
        channel.start(handler);
        if (!promise.trySuccess(channel)) {
            // Cancelled while the answer was under way.
            channel.close();
        }
    }

    private static boolean isInformational(CharSequence status) {
        return status.length() == 3 && status.charAt(0) == '1';
    }

    private static int number(CharSequence status) {
        try {
            return HttpConversionUtil.parseStatus(status).code();
        } catch (io.netty.handler.codec.http2.Http2Exception e) {
            return 0;
        }
    }

    @Override
    public void onClosed() {
        TunnelStream ended = stream;
        ClientConnection over = connection;
        if (ended == null || over == null) {
            return;
        }
        settle();
        boolean refused = ended.resetCode() == Http2Error.REFUSED_STREAM.code();
        if (refused) {
            over.refusedStream();
        }
        // Neither did anything of this tunnel: the peer says so.
        if ((refused || over.isBeyondGoAway(ended.id())) && !retried && !isCancelled()) {
            retried = true;
            if (again.reopen(this)) {
                return;
            }
        }
        promise.tryFailure(over.closedBeforeAnswer(ended, target));
    }

    private void settle() {
        ScheduledFuture<?> current = timeout;
        if (current != null) {
            current.cancel(false);
        }
        stream = null;
        connection = null;
    }

    private void answerTimedOut(long millis) {
        TunnelStream waiting = stream;
        if (waiting == null) {
            return;
        }
        waiting.mux().metrics().count(HboneMetrics.Counter.ANSWER_TIMEOUTS);
        settle();
        waiting.observer(new TunnelStream.Observer() {});
        waiting.reset(Http2Error.CANCEL.code());
        promise.tryFailure(new TunnelException(
                TunnelException.Kind.CONNECT_TIMEOUT,
                0,
                "CONNECT " + target.authority() + " was not answered by " + where() + " within " + millis + " ms"));
    }

    private String where() {
        return ClientErrors.where(target.address());
    }

    void fail(TunnelException cause) {
        promise.tryFailure(cause);
    }
}
