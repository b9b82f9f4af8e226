package io.milepost.waypoint.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.waypoint.codec.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Limits and what happens at them: asked of Envoy 1.40.0 with the resources of the recorded case vs-timeout-retry. */
class RequestBodyTest {
    private static final int LIMIT = 1 << 20;

    private final BodyBudget budget = new BodyBudget(4L << 20);
    private final RequestBody body = RequestBody.replayed(budget);
    private final List<ByteBuf> all = new ArrayList<>();

    /** Takes so many pieces and no more until it is given more room. */
    private static final class Endpoint implements UpstreamStream {
        final StringBuilder got = new StringBuilder();
        int bytes;
        int room;

        Endpoint(int room) {
            this.room = room;
        }

        @Override
        public void head(RequestHead head, boolean end) {}

        @Override
        public void data(ByteBuf data, boolean end) {
            room--;
            bytes += data.readableBytes();
            if (data.readableBytes() < 10) {
                got.append(data.toString(StandardCharsets.US_ASCII));
            }
            got.append(end ? "." : "");
            data.release();
        }

        @Override
        public void trailers(Headers trailers) {
            got.append("!");
        }

        @Override
        public void cancel() {}

        @Override
        public boolean writable() {
            return room > 0;
        }

        @Override
        public void readResponse(boolean on) {}

        @Override
        public SocketAddress localAddress() {
            return InetSocketAddress.createUnresolved("here", 1);
        }

        @Override
        public long connectionNumber() {
            return 1;
        }
    }

    private ByteBuf piece(String text) {
        ByteBuf b = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
        all.add(b);
        return b;
    }

    private ByteBuf piece(int bytes) {
        ByteBuf b = Unpooled.buffer(bytes).writerIndex(bytes);
        all.add(b);
        return b;
    }

    private boolean pass(ByteBuf data, boolean end, Endpoint to) {
        boolean kept = body.pass(data, end);
        to.data(data, end);
        return kept;
    }

    @AfterEach
    void nothingIsLeft() {
        body.drop();
        assertThat(budget.heldBytes()).isZero();
        assertThat(all).allSatisfy(b -> assertThat(b.refCnt()).isZero());
    }

    @Test
    @DisplayName("what waited and what passed is sent again, in order, to the next attempt")
    void replay() {
        Endpoint first = new Endpoint(9);
        assertThat(body.hold(piece("a"), false)).isEqualTo(RequestBody.Held.WAITS);
        assertThat(body.sendTo(first)).isTrue();
        assertThat(pass(piece("b"), false, first)).isTrue();
        body.rewind();
        assertThat(body.isSent()).isFalse();
        assertThat(body.hold(piece("c"), true)).isEqualTo(RequestBody.Held.WAITS);
        Endpoint second = new Endpoint(9);
        assertThat(body.sendTo(second)).isTrue();
        assertThat(first.got).hasToString("ab");
        assertThat(second.got).hasToString("abc.");
        body.rewind();
        Endpoint third = new Endpoint(9);
        body.sendTo(third);
        assertThat(third.got).hasToString("abc.");
    }

    @Test
    @DisplayName("a replay goes no faster than the endpoint takes it")
    void backPressure() {
        Endpoint slow = new Endpoint(1);
        body.hold(piece("a"), false);
        body.hold(piece("b"), false);
        assertThat(body.sendTo(slow)).isFalse();
        assertThat(slow.got).hasToString("a");
        assertThat(body.hold(piece("c"), true)).isEqualTo(RequestBody.Held.WAITS);
        slow.room = 9;
        assertThat(body.sendTo(slow)).isTrue();
        assertThat(slow.got).hasToString("abc.");
        assertThat(body.isSent()).isTrue();
    }

    @Test
    @DisplayName("an end without bytes, and trailers, go to each attempt once")
    void ends() {
        body.hold(piece(0), true);
        for (int attempt = 0; attempt < 2; attempt++) {
            Endpoint e = new Endpoint(9);
            body.rewind();
            assertThat(body.sendTo(e)).isTrue();
            assertThat(body.sendTo(e)).isTrue();
            assertThat(e.got).hasToString(".");
        }
        RequestBody other = RequestBody.replayed(budget);
        other.hold(piece("a"), false);
        other.trailers(new Headers(1));
        for (int attempt = 0; attempt < 2; attempt++) {
            Endpoint e = new Endpoint(9);
            other.rewind();
            other.sendTo(e);
            other.sendTo(e);
            assertThat(e.got).hasToString("a!");
        }
        other.drop();
    }

    @Test
    @DisplayName("1 MiB is kept, one byte more is not, and costs the retry only")
    void limit() {
        Endpoint e = new Endpoint(99);
        assertThat(pass(piece(LIMIT), false, e)).isTrue();
        assertThat(body.replayable()).isTrue();
        assertThat(budget.heldBytes()).isGreaterThanOrEqualTo(LIMIT);
        assertThat(pass(piece("x"), true, e)).isFalse();
        assertThat(body.isGivenUp()).isTrue();
        assertThat(body.replayable()).isFalse();
        assertThat(budget.heldBytes()).isZero();
        assertThat(e.bytes).isEqualTo(LIMIT + 1);
    }

    @Test
    @DisplayName("more than 1 MiB does not wait")
    void waiting() {
        assertThat(body.hold(piece(LIMIT), false)).isEqualTo(RequestBody.Held.WAITS);
        assertThat(body.isEnough()).isTrue();
        assertThat(body.hold(piece("x"), false)).isEqualTo(RequestBody.Held.TOO_LARGE);
    }

    @Test
    @DisplayName("what was sent gives way to what waits")
    void givesWay() {
        Endpoint e = new Endpoint(1);
        body.hold(piece(LIMIT / 2), false);
        body.hold(piece(LIMIT / 2), false);
        assertThat(body.sendTo(e)).isFalse();
        assertThat(body.hold(piece("x"), true)).isEqualTo(RequestBody.Held.WAITS);
        assertThat(body.isGivenUp()).isTrue();
        e.room = 9;
        assertThat(body.sendTo(e)).isTrue();
        assertThat(e.bytes).isEqualTo(LIMIT + 1);
    }

    @Test
    @DisplayName("the last attempt keeps nothing")
    void lastAttempt() {
        Endpoint e = new Endpoint(9);
        body.hold(piece("a"), false);
        body.keepNoMore();
        assertThat(body.sendTo(e)).isTrue();
        assertThat(pass(piece("b"), true, e)).isTrue();
        assertThat(e.got).hasToString("ab.");
        assertThat(budget.heldBytes()).isZero();
        assertThat(body.isGivenUp()).isFalse();
    }

    @Test
    @DisplayName("all bodies together have a limit, with a counter; a tiny piece costs more than its bytes")
    void budget() {
        BodyBudget small = new BodyBudget(1000);
        RequestBody one = RequestBody.replayed(small);
        RequestBody two = RequestBody.passing(small);
        assertThat(one.hold(piece("a"), false)).isEqualTo(RequestBody.Held.WAITS);
        assertThat(two.hold(piece("b"), false)).isEqualTo(RequestBody.Held.WAITS);
        assertThat(two.hold(piece("c"), false)).isEqualTo(RequestBody.Held.WAITS);
        assertThat(small.heldBytes()).isBetween(700L, 1000L);
        assertThat(two.hold(piece("d"), false)).isEqualTo(RequestBody.Held.NO_ROOM);
        ByteBuf passing = piece("e");
        assertThat(one.pass(passing, false)).as("kept for another attempt").isFalse();
        passing.release();
        assertThat(small.refused()).isEqualTo(2);
        two.drop();
        one.drop();
        assertThat(small.heldBytes()).isZero();
    }
}
