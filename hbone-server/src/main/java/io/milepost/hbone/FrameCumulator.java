package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.ByteToMessageDecoder.Cumulator;

/**
 * Joins the pieces of a frame that lies across TLS records, in buffers that are as large as needed. Netty's own doubles them
 * to 64 KiB and fills them with what comes next, and each slice of it that waits for a slow reader keeps all of it: 1,000 slow
 * readers that held 30 MB kept 260 MB of buffers.
 */
final class FrameCumulator implements Cumulator {
    static final FrameCumulator INSTANCE = new FrameCumulator();

    /** Larger frames grow by doubling: joining record by record would copy their beginning each time. */
    private static final int EXACT = 64 << 10;

    private FrameCumulator() {}

    @Override
    @SuppressWarnings("ReferenceEquality") // the same buffer, not the same bytes
    public ByteBuf cumulate(ByteBufAllocator alloc, ByteBuf cumulation, ByteBuf in) {
        if (cumulation == in) {
            in.release();
            return cumulation;
        }
        if (!cumulation.isReadable() && in.isContiguous()) {
            cumulation.release();
            return in;
        }
        try {
            int more = in.readableBytes();
            int both = cumulation.readableBytes() + more;
            if (both > EXACT && cumulation.refCnt() == 1 && more <= cumulation.maxFastWritableBytes()) {
                return cumulation.writeBytes(in);
            }
            ByteBuf joined = alloc.buffer(both <= EXACT ? both : alloc.calculateNewCapacity(both, Integer.MAX_VALUE));
            try {
                joined.writeBytes(cumulation).writeBytes(in);
            } catch (RuntimeException | OutOfMemoryError e) {
                joined.release();
                throw e;
            }
            cumulation.release();
            return joined;
        } finally {
            in.release();
        }
    }
}
