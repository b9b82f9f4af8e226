package io.milepost.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Moments that sockets rarely hit: ends before both sides are there. */
class SpliceTest {
    private int ends;
    private int bytes;
    private final Splice splice = new Splice(new Splice.Observer() {
        @Override
        public void fromClient(int n) {
            bytes += n;
        }

        @Override
        public void toClient(int n) {
            bytes += n;
        }

        @Override
        public void ended() {
            ends++;
        }
    });
    private final EmbeddedChannel client = new EmbeddedChannel(splice.clientSide());
    private final EmbeddedChannel upstream = new EmbeddedChannel(splice.upstreamSide());

    @AfterEach
    void close() {
        client.finishAndReleaseAll();
        upstream.finishAndReleaseAll();
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void earlyBytesGoFirst() {
        client.writeInbound(text("early "));
        splice.join(client, upstream);
        client.writeInbound(text("late"));
        ByteBuf first = upstream.readOutbound();
        ByteBuf second = upstream.readOutbound();
        assertThat(first.toString(StandardCharsets.US_ASCII)).isEqualTo("early ");
        assertThat(second.toString(StandardCharsets.US_ASCII)).isEqualTo("late");
        first.release();
        second.release();
        assertThat(bytes).isEqualTo(10);
    }

    @Test
    void aConnectionThatWasCutBeforeItWasJoinedIsNotJoined() {
        ByteBuf early = text("early");
        client.writeInbound(early);
        splice.abort();
        assertThat(upstream.isActive()).isTrue();
        splice.join(client, upstream);
        assertThat(client.isActive()).isFalse();
        assertThat(upstream.isActive()).isFalse();
        assertThat(early.refCnt()).isZero();
        assertThat(ends).isEqualTo(1);
    }

    @Test
    void aClientThatLeftBeforeTheUpstreamWasThereEndsTheUpstream() {
        client.close();
        splice.join(client, upstream);
        upstream.close();
        assertThat(ends).isEqualTo(1);
    }

    @Test
    void whatComesForNobodyIsReleasedAndEndsTheRest() {
        splice.join(client, upstream);
        client.close();
        client.runPendingTasks();
        ByteBuf data = text("for nobody");
        upstream.writeInbound(data);
        assertThat(data.refCnt()).isZero();
        assertThat(upstream.isActive()).isFalse();
        assertThat(ends).isEqualTo(1);
    }
}
