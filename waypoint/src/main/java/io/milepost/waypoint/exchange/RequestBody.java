package io.milepost.waypoint.exchange;

import io.milepost.http.Headers;
import io.milepost.waypoint.codec.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of a request's body so far: it waits here until there is a stream for it, and then as long as another attempt
 * may need it. Keeps slices, copies nothing. One event loop.
 */
final class RequestBody {
    /** Above this nothing is kept for another attempt (design.md 4a). */
    static final int REPLAYED = 64 * 1024;
    /**
     * More than this never waits. The client is paused at half of {@link #REPLAYED}; what still comes is what it had sent
     * by then, at most the window of its stream.
     */
    static final int HELD = 1 << 20;

    private final List<ByteBuf> parts = new ArrayList<>(2);
    private int bytes;
    private boolean ended;
    private boolean empty = true;
    private boolean incomplete;
    private @Nullable Headers trailers;

    /**
     * Takes ownership of a piece that no stream takes yet.
     *
     * @return false when it is too much; the piece is gone
     */
    boolean hold(ByteBuf data, boolean end) {
        ended |= end;
        int n = data.readableBytes();
        if (n == 0 || incomplete || bytes + n > HELD) {
            data.release();
            return n == 0;
        }
        empty = false;
        bytes += n;
        parts.add(data);
        return true;
    }

    /** Whether the client should wait with the rest. */
    boolean isEnough() {
        return bytes >= REPLAYED / 2;
    }

    /** Keeps a piece that a stream takes, for another attempt; does not take ownership. */
    void remember(ByteBuf data, boolean end) {
        ended |= end;
        int n = data.readableBytes();
        if (n == 0) {
            return;
        }
        empty = false;
        if (incomplete) {
            return;
        }
        bytes += n;
        if (bytes > REPLAYED) {
            drop();
        } else {
            parts.add(data.retainedSlice());
        }
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
        return !incomplete;
    }

    /** Sends what came so far. */
    void sendTo(UpstreamStream upstream) {
        Headers t = trailers;
        int n = parts.size();
        for (int i = 0; i < n; i++) {
            upstream.data(parts.get(i).retainedDuplicate(), ended && t == null && i == n - 1);
        }
        if (t != null) {
            upstream.trailers(t);
        } else if (ended && n == 0) {
            upstream.data(Unpooled.EMPTY_BUFFER, true);
        }
        if (bytes > REPLAYED) {
            drop();
        }
    }

    /** Gives a mirror what came before it began. */
    void copyTo(Mirror mirror) {
        for (int i = 0; i < parts.size(); i++) {
            mirror.data(parts.get(i).retainedDuplicate(), ended && trailers == null && i == parts.size() - 1);
        }
        Headers t = trailers;
        if (t != null) {
            mirror.trailers(t);
        }
    }

    /** No further attempt will come. */
    void drop() {
        incomplete = true;
        for (int i = 0; i < parts.size(); i++) {
            parts.get(i).release();
        }
        parts.clear();
        bytes = 0;
    }
}
