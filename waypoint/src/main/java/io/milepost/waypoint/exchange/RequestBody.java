package io.milepost.waypoint.exchange;

import io.milepost.http.Headers;
import io.milepost.waypoint.codec.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What came of a request's body so far: it waits here until a stream has room for it, and then as long as another attempt may
 * need it. Keeps slices, copies nothing. One event loop.
 */
final class RequestBody {
    /** More is never kept: Envoy's buffer limit of a connection, which istiod leaves at its default. */
    static final int LIMIT = 1 << 20;
    /** With so much waiting, the client is to wait with the rest. */
    private static final int ENOUGH = 32 * 1024;

    /** What became of a piece that should wait. */
    enum Held {
        WAITS,
        /** The body is larger than its limit; the piece is gone. */
        TOO_LARGE,
        /** All bodies together are at their limit; the piece is gone. */
        NO_ROOM
    }

    private final BodyBudget budget;
    /** What no stream has taken yet. */
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>(2);
    /** What a stream took, for another attempt. */
    private final ArrayDeque<ByteBuf> sent = new ArrayDeque<>(2);

    private int waitingBytes;
    private int sentBytes;
    /** Whether what is sent is kept. */
    private boolean keeps;

    private boolean givenUp;
    private boolean empty = true;
    private boolean ended;
    private boolean endSent;
    private @Nullable Headers trailers;

    private RequestBody(BodyBudget budget, boolean keeps) {
        this.budget = budget;
        this.keeps = keeps;
    }

    /** A body that may be sent several times. */
    static RequestBody replayed(BodyBudget budget) {
        return new RequestBody(budget, true);
    }

    /** A body that is sent once. */
    static RequestBody passing(BodyBudget budget) {
        return new RequestBody(budget, false);
    }

    /** Takes ownership of a piece that no stream takes yet. */
    Held hold(ByteBuf data, boolean end) {
        ended |= end;
        int n = data.readableBytes();
        if (n == 0) {
            data.release();
            return Held.WAITS;
        }
        if (sentBytes + waitingBytes + n > LIMIT && sentBytes > 0) {
            giveUp();
        }
        Held result = waitingBytes + n > LIMIT ? Held.TOO_LARGE : budget.take(n) ? Held.WAITS : Held.NO_ROOM;
        if (result == Held.WAITS) {
            empty = false;
            waitingBytes += n;
            waiting.add(data);
        } else {
            data.release();
        }
        return result;
    }

    /** Whether the client should wait with the rest. */
    boolean isEnough() {
        return waitingBytes >= ENOUGH;
    }

    /**
     * A stream takes a piece that never waited; it is kept for another attempt. Does not take ownership.
     *
     * @return false when with this piece there is too much to keep: there will be no other attempt
     */
    boolean pass(ByteBuf data, boolean end) {
        ended |= end;
        endSent |= end;
        int n = data.readableBytes();
        if (n == 0) {
            return true;
        }
        empty = false;
        if (!keeps) {
            return true;
        }
        if (sentBytes + n > LIMIT || !budget.take(n)) {
            giveUp();
            return false;
        }
        sentBytes += n;
        sent.add(data.retainedSlice());
        return true;
    }

    void trailers(Headers t) {
        trailers = t;
        ended = true;
    }

    /** Whether nothing but an end came. */
    boolean isEmpty() {
        return empty && trailers == null;
    }

    /** Whether all that came can be sent again. */
    boolean replayable() {
        return keeps;
    }

    /** Whether it became too much to be kept. */
    boolean isGivenUp() {
        return givenUp;
    }

    /** Whether the stream has all that came. */
    boolean isSent() {
        return waiting.isEmpty() && ended == endSent;
    }

    /** Another stream begins: all that came waits again. */
    void rewind() {
        while (!sent.isEmpty()) {
            waiting.addFirst(sent.pollLast());
        }
        waitingBytes += sentBytes;
        sentBytes = 0;
        endSent = false;
    }

    /**
     * Sends what waits, as long as the stream has room.
     *
     * @return whether it has all now; if not, its writability goes on with it
     */
    boolean sendTo(UpstreamStream upstream) {
        for (ByteBuf b = waiting.peek(); b != null; b = waiting.peek()) {
            if (!upstream.writable()) {
                return false;
            }
            waiting.remove();
            int n = b.readableBytes();
            waitingBytes -= n;
            boolean last = ended && trailers == null && waiting.isEmpty();
            endSent |= last;
            if (keeps) {
                sentBytes += n;
                sent.add(b);
                upstream.data(b.retainedDuplicate(), last);
            } else {
                budget.giveBack(n, 1);
                upstream.data(b, last);
            }
        }
        if (ended && !endSent) {
            endSent = true;
            Headers t = trailers;
            if (t != null) {
                upstream.trailers(t);
            } else {
                upstream.data(Unpooled.EMPTY_BUFFER, true);
            }
        }
        return true;
    }

    /** Gives a mirror what came before it began. */
    void copyTo(Mirror mirror) {
        int left = waiting.size();
        for (ByteBuf b : waiting) {
            left--;
            mirror.data(b.retainedDuplicate(), ended && trailers == null && left == 0);
        }
        Headers t = trailers;
        if (t != null) {
            mirror.trailers(t);
        }
    }

    /** No further attempt will come: what a stream has or gets is not kept. */
    void keepNoMore() {
        keeps = false;
        budget.giveBack(sentBytes, sent.size());
        sentBytes = 0;
        release(sent);
    }

    private void giveUp() {
        givenUp = true;
        keepNoMore();
    }

    /** Nobody needs it any more. */
    void drop() {
        keepNoMore();
        budget.giveBack(waitingBytes, waiting.size());
        waitingBytes = 0;
        release(waiting);
        endSent = ended;
    }

    private static void release(ArrayDeque<ByteBuf> pieces) {
        for (ByteBuf b = pieces.poll(); b != null; b = pieces.poll()) {
            b.release();
        }
    }
}
