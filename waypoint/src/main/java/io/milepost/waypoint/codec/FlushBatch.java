package io.milepost.waypoint.codec;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Flushes of one event loop, gathered until the loop has handled all that was ready: head, body and end of a message that
 * came in one read leave in one write, and so do the answers of many streams of one connection.
 *
 * <p>Confined to its event loop. It holds at most one entry a connection, see {@link Member}.
 */
final class FlushBatch implements Runnable {
    private static final FastThreadLocal<FlushBatch> CURRENT = new FastThreadLocal<>() {
        @Override
        protected FlushBatch initialValue() {
            return new FlushBatch();
        }
    };

    private final List<Member> waiting = new ArrayList<>();
    private boolean scheduled;

    /** One connection's place in the batch. */
    static final class Member {
        private final ChannelHandlerContext ctx;
        private final @Nullable Http2ConnectionHandler http2;
        private final FlushBatch batch;
        private boolean queued;

        /** To be made on the event loop of {@code ctx}. */
        Member(ChannelHandlerContext ctx) {
            this(ctx, null);
        }

        /** For HTTP/2, whose handler holds data back until it is asked to flush itself. */
        Member(ChannelHandlerContext ctx, @Nullable Http2ConnectionHandler http2) {
            this.ctx = ctx;
            this.http2 = http2;
            this.batch = CURRENT.get();
        }

        /** Flushes at the end of this turn of the event loop. */
        void flushSoon() {
            if (!queued) {
                queued = true;
                batch.add(this);
            }
        }
    }

    private static void flush(Member m) {
        Http2ConnectionHandler h = m.http2;
        if (h == null) {
            m.ctx.flush();
        } else {
            h.flush(m.ctx);
        }
    }

    private void add(Member m) {
        waiting.add(m);
        if (!scheduled) {
            scheduled = true;
            m.ctx.executor().execute(this);
        }
    }

    @Override
    public void run() {
        scheduled = false;
        // What a flush makes writable may write again: those come with the next run.
        int n = waiting.size();
        for (int i = 0; i < n; i++) {
            Member m = waiting.get(i);
            m.queued = false;
            flush(m);
        }
        waiting.subList(0, n).clear();
    }
}
