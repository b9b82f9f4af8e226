package io.milepost.waypoint.exchange;

import io.milepost.http.Headers;
import io.milepost.waypoint.codec.UpstreamStream;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of a request's body so far, kept while another attempt may need it. Above {@link #LIMIT} nothing is kept any
 * more and the request is not retried. Keeps slices, copies nothing. One event loop.
 */
final class ReplayBuffer {
    /** Bytes of body that are kept (design.md 4a). */
    static final int LIMIT = 64 * 1024;

    private final List<ByteBuf> parts = new ArrayList<>(2);
    private int bytes;
    private boolean ended;
    private boolean overflowed;
    private boolean dropped;
    private @Nullable Headers trailers;

    /** Remembers {@code data} (without taking ownership). */
    void add(ByteBuf data, boolean end) {
        ended |= end;
        if (dropped || overflowed || !data.isReadable()) {
            return;
        }
        bytes += data.readableBytes();
        if (bytes > LIMIT) {
            overflowed = true;
            releaseParts();
            return;
        }
        parts.add(data.retainedSlice());
    }

    void trailers(Headers t) {
        trailers = t;
        ended = true;
    }

    boolean hasTrailers() {
        return trailers != null;
    }

    boolean ended() {
        return ended;
    }

    /** Whether all that came can be sent again. */
    boolean replayable() {
        return !overflowed && !dropped;
    }

    /** Bytes that wait here; the limit of what may wait before an upstream is ready. */
    int bytes() {
        return bytes;
    }

    /** Sends what came so far. */
    void writeTo(UpstreamStream upstream) {
        Headers t = trailers;
        for (int i = 0; i < parts.size(); i++) {
            boolean last = ended && t == null && i == parts.size() - 1;
            upstream.data(parts.get(i).retainedDuplicate(), last);
        }
        if (t != null) {
            upstream.trailers(t);
        } else if (ended && parts.isEmpty()) {
            upstream.data(io.netty.buffer.Unpooled.EMPTY_BUFFER, true);
        }
    }

    /** No further attempt will come. */
    void drop() {
        dropped = true;
        releaseParts();
    }

    private void releaseParts() {
        for (ByteBuf b : parts) {
            b.release();
        }
        parts.clear();
    }
}
