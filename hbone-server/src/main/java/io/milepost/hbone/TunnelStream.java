package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP/2 side of one tunnel: what arrived and was not read yet, the credit for it, and the state of both directions.
 * Confined to the event loop of the connection.
 */
@SuppressWarnings({"FutureReturnValueIgnored", "ReferenceEquality"
}) // identity of buffers and handlers; failed writes end their stream or connection, and that is handled
final class TunnelStream {
    /** Hears of a stream until a channel is attached to it. */
    interface Observer {
        default void onHeaders(Http2Headers headers, boolean endOfStream) {}

        default void onClosed() {}
    }

    /** Smaller waiting frames are copied together: a peer must not make us keep a large buffer for each byte. */
    private static final int SMALL_FRAME = 1024;

    private static final int COALESCED_CAPACITY = 8 * 1024;
    private static final long LINGER_SECONDS = 10;

    private final TunnelMux mux;
    private final Http2Stream stream;
    private final TunnelOutput output;
    private final ArrayDeque<ByteBuf> queue = new ArrayDeque<>(2);
    private @Nullable ByteBuf coalescing;
    private int queuedBytes;
    private int withheld;
    private boolean waitsForCredit;
    private int window;
    private int granted;
    private int consumed;
    private boolean inputEnded;
    private boolean discard;
    private boolean closed;
    private boolean resetByUs;
    private boolean blocked;
    private long resetCode = -1;
    private @Nullable ChannelFuture endWritten;
    private @Nullable TunnelChannel channel;
    private @Nullable Observer observer;

    TunnelStream(TunnelMux mux, Http2Stream stream, @Nullable Observer observer) {
        this.mux = mux;
        this.stream = stream;
        this.observer = observer;
        this.output = mux.output(stream);
        this.window = TunnelMux.initialWindow(mux.maxWindow());
    }

    TunnelMux mux() {
        return mux;
    }

    int id() {
        return stream.id();
    }

    void observer(Observer value) {
        observer = value;
    }

    void attach(TunnelChannel value) {
        channel = value;
        observer = null;
    }

    /** All of the peer's bytes arrived, possibly still queued. */
    boolean inputEnded() {
        return inputEnded;
    }

    /** Nothing can be written any more. */
    boolean outputEnded() {
        return closed || endWritten != null;
    }

    boolean closed() {
        return closed;
    }

    /** Code of the peer's RST_STREAM; -1 when there was none. */
    long resetCode() {
        return resetCode;
    }

    boolean hasQueued() {
        return !queue.isEmpty();
    }

    int queuedBytes() {
        return queuedBytes;
    }

    // ---- from the peer

    void onHeaders(Http2Headers headers, boolean endOfStream) {
        Observer current = observer;
        if (current != null) {
            current.onHeaders(headers, endOfStream);
        }
        if (endOfStream) {
            onInputEnd();
        }
    }

    /** Returns how many bytes of credit may be returned at once. */
    int onData(ByteBuf data, int padding, boolean endOfStream) {
        int length = data.readableBytes();
        int credit = length + padding;
        if (length > 0 && !discard) {
            TunnelChannel target = channel;
            if (target != null && target.takesDirectly()) {
                target.deliver(compact(data));
                if (mux.budget().isExceeded()) {
                    withhold(length);
                    credit = padding;
                } else {
                    growWindow(length);
                }
            } else {
                enqueue(data);
                credit = padding;
            }
        }
        if (endOfStream) {
            onInputEnd();
        }
        return credit;
    }

    private void onInputEnd() {
        inputEnded = true;
        TunnelChannel target = channel;
        if (target != null) {
            target.onInputEnd();
        }
    }

    void onReset(long errorCode) {
        resetCode = errorCode;
        mux.metrics().count(HboneMetrics.Counter.RESETS_RECEIVED);
        if (errorCode == Http2Error.NO_ERROR.code() || errorCode == Http2Error.CANCEL.code()) {
            // A clean end: what came before it still belongs to the reader.
            inputEnded = true;
        }
    }

    /** Both directions are over, or the connection is. */
    void onClosed() {
        if (closed) {
            return;
        }
        closed = true;
        mux.budget().giveBack(granted);
        granted = 0;
        Observer current = observer;
        if (current != null) {
            observer = null;
            current.onClosed();
        }
        TunnelChannel target = channel;
        if (target != null) {
            if (!inputEnded) {
                discardQueue();
            }
            target.onStreamClosed();
        } else {
            discardQueue();
        }
    }

    // ---- queue and credit

    private void enqueue(ByteBuf data) {
        int length = data.readableBytes();
        queuedBytes += length;
        mux.budget().add(length);
        ByteBuf tail = coalescing;
        if (length < SMALL_FRAME) {
            if (tail != null && tail.writableBytes() >= length) {
                tail.writeBytes(data, data.readerIndex(), length);
                return;
            }
            tail = mux.alloc().buffer(COALESCED_CAPACITY, COALESCED_CAPACITY);
            tail.writeBytes(data, data.readerIndex(), length);
            coalescing = tail;
            queue.addLast(tail);
        } else {
            coalescing = null;
            queue.addLast(compact(data));
        }
    }

    /**
     * Bytes that wait keep the whole buffer that a read of the socket brought, with what came for other tunnels in it. With few
     * tunnels that costs nothing; with 2,000 slow readers 87 MB kept 250 MB of buffers, and a copy of it keeps 1.2 times its size.
     */
    private ByteBuf compact(ByteBuf data) {
        int length = data.readableBytes();
        if (!mux.budget().isCrowded() || wholeBuffer(data) <= length + length / 4) {
            return data.retain();
        }
        return mux.alloc().buffer(length, length).writeBytes(data, data.readerIndex(), length);
    }

    private static int wholeBuffer(ByteBuf data) {
        ByteBuf whole = data;
        for (ByteBuf outer = whole.unwrap(); outer != null; outer = whole.unwrap()) {
            whole = outer;
        }
        return whole.capacity();
    }

    /** The next waiting bytes; the caller owns them and calls {@link #credit} once they are handed on. */
    @Nullable
    ByteBuf poll() {
        ByteBuf data = queue.pollFirst();
        if (data == null) {
            return null;
        }
        if (data == coalescing) {
            coalescing = null;
        }
        int length = data.readableBytes();
        queuedBytes -= length;
        mux.budget().remove(length);
        return data;
    }

    void credit(int bytes) {
        if (closed || bytes == 0) {
            return;
        }
        if (mustWithhold()) {
            withhold(bytes);
        } else {
            mux.returnCredit(stream, bytes + takeWithheld());
            growWindow(bytes);
        }
    }

    private boolean mustWithhold() {
        return mux.budget().isExceeded() || (!queue.isEmpty() && mux.budget().isTight());
    }

    /** A tunnel that moved four windows, and holds none of it back, gets one of twice the size. */
    private void growWindow(int bytes) {
        int max = mux.maxWindow();
        if (window >= max) {
            return;
        }
        consumed += bytes;
        if (consumed < 4 * window || !queue.isEmpty()) {
            return;
        }
        consumed = 0;
        int more = Math.min(window, max - window);
        if (mux.budget().grant(more)) {
            granted += more;
            window += more;
            mux.enlargeWindow(stream, more);
        }
    }

    private void withhold(int bytes) {
        withheld += bytes;
        if (!waitsForCredit) {
            waitsForCredit = true;
            mux.creditWithheld(this);
        }
    }

    /** Returns whether there is still something to return later. */
    boolean returnWithheld() {
        waitsForCredit = !closed && withheld > 0 && mustWithhold();
        if (!waitsForCredit && !closed && withheld > 0) {
            mux.returnCredit(stream, takeWithheld());
        }
        return waitsForCredit;
    }

    private int takeWithheld() {
        int bytes = withheld;
        withheld = 0;
        return bytes;
    }

    /** Drops what waits and everything that still comes. */
    void discardInput() {
        discard = true;
        discardQueue();
    }

    private void discardQueue() {
        int bytes = 0;
        for (ByteBuf data = poll(); data != null; data = poll()) {
            bytes += data.readableBytes();
            data.release();
        }
        credit(bytes);
    }

    // ---- to the peer

    boolean isWritable() {
        return !closed && endWritten == null && mux.isWritable(stream);
    }

    /** Returns whether that changed anything. */
    boolean markBlocked(boolean now) {
        boolean changed = blocked != now;
        blocked = now;
        return changed;
    }

    void resumeWriting() {
        TunnelChannel target = channel;
        if (target != null) {
            target.resumeWriting();
        }
    }

    void write(ByteBuf data) {
        output.write(data);
    }

    void end() {
        if (!outputEnded()) {
            ChannelPromise promise = mux.newPromise();
            endWritten = promise;
            output.end(promise);
        }
    }

    void headers(Http2Headers headers, boolean endOfStream) {
        ChannelFuture written = mux.writeHeaders(stream.id(), headers, endOfStream);
        if (endOfStream) {
            endWritten = written;
        }
    }

    boolean isResetByUs() {
        return resetByUs;
    }

    void reset(long errorCode) {
        if (!closed) {
            resetByUs = true;
            mux.writeReset(stream.id(), errorCode);
        }
    }

    /** Ends the stream cleanly: END_STREAM behind everything written, then RST_STREAM if the peer has not ended. */
    void finish() {
        discardInput();
        if (closed) {
            return;
        }
        end();
        ChannelFuture written = endWritten;
        if (written == null || closed) {
            return;
        }
        if (written.isDone()) {
            resetUnlessEnded();
            return;
        }
        var linger = mux.loop().schedule(() -> reset(Http2Error.CANCEL.code()), LINGER_SECONDS, TimeUnit.SECONDS);
        written.addListener(done -> {
            linger.cancel(false);
            resetUnlessEnded();
        });
    }

    private void resetUnlessEnded() {
        if (!closed && !inputEnded) {
            reset(mux.isServer() ? Http2Error.NO_ERROR.code() : Http2Error.CANCEL.code());
        }
    }
}
