package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class FrameCumulatorTest {
    private final ByteBufAllocator alloc = PooledByteBufAllocator.DEFAULT;

    private ByteBuf piece(int bytes, int value) {
        ByteBuf out = alloc.directBuffer(bytes);
        for (int i = 0; i < bytes; i++) {
            out.writeByte(value);
        }
        return out;
    }

    @Test
    void aWholePieceIsPassedOnAsItIs() {
        ByteBuf in = piece(100, 1);
        assertThat(FrameCumulator.INSTANCE.cumulate(alloc, Unpooled.EMPTY_BUFFER, in))
                .isSameAs(in);
        in.release();
    }

    @Test
    void joinedPiecesTakeNoMoreRoomThanTheyNeed() {
        ByteBuf first = piece(20_000, 1);
        first.skipBytes(19_000);
        ByteBuf second = piece(16_384, 2);
        ByteBuf joined = FrameCumulator.INSTANCE.cumulate(alloc, first, second);
        assertThat(joined.capacity()).isEqualTo(1_000 + 16_384);
        assertThat(joined.readByte()).isEqualTo((byte) 1);
        assertThat(joined.getByte(joined.writerIndex() - 1)).isEqualTo((byte) 2);
        assertThat(first.refCnt()).isZero();
        assertThat(second.refCnt()).isZero();
        joined.release();
    }

    /** A slice that waits must keep what it saw. */
    @Test
    void whatWaitsIsNotWrittenOver() {
        ByteBuf first = piece(70_000, 1);
        ByteBuf waiting = first.readRetainedSlice(10);
        ByteBuf joined = FrameCumulator.INSTANCE.cumulate(alloc, first, piece(16_384, 2));
        assertThat(joined.readableBytes()).isEqualTo(70_000 - 10 + 16_384);
        assertThat(waiting.getByte(9)).isEqualTo((byte) 1);
        waiting.release();
        joined.release();
    }

    @Test
    void aLargeFrameIsNotCopiedWithEachRecord() {
        ByteBuf frame = piece(10, 0);
        int buffers = 0;
        for (int i = 0; i < 64; i++) {
            int before = frame.capacity();
            frame = FrameCumulator.INSTANCE.cumulate(alloc, frame, piece(16_384, i));
            buffers += frame.capacity() == before ? 0 : 1;
        }
        assertThat(frame.readableBytes()).isEqualTo(10 + 64 * 16_384);
        assertThat(buffers).isLessThan(12);
        frame.release();
    }
}
