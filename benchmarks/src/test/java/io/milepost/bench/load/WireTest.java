package io.milepost.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Where answers end, however their bytes are cut. Wires are fed directly; the tunnels are not their business. */
class WireTest {
    private final List<String> heard = new ArrayList<>();
    private final Wire.Listener listener = new Wire.Listener() {
        @Override
        public void ready(Wire wire) {
            heard.add("ready");
        }

        @Override
        public void answered(Wire wire, long token, boolean good) {
            heard.add(token + (good ? " good" : " bad"));
        }

        @Override
        public void gone(Wire wire, @Nullable Throwable cause) {
            heard.add("gone " + cause);
        }
    };

    private static ByteBuf ascii(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void anAnswerEndsAtTheSamePlaceWhereverItIsCut() {
        String answer = "HTTP/1.1 200 OK\r\nserver: istio-envoy\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nxy";
        for (int cut = 1; cut < answer.length(); cut++) {
            heard.clear();
            Http1Wire wire = new TestableHttp1(listener);
            wire.send(7);
            wire.received(ascii(answer.substring(0, cut)));
            assertThat(heard).as("cut at %d", cut).isEmpty();
            wire.received(ascii(answer.substring(cut)));
            assertThat(heard).as("cut at %d", cut).containsExactly("7 good");
        }
    }

    @Test
    void otherStatusesAreNotGood() {
        Http1Wire wire = new TestableHttp1(listener);
        wire.send(1);
        wire.received(ascii("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"));
        wire.send(2);
        wire.received(ascii("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assertThat(heard).containsExactly("1 bad", "2 good");
    }

    @Test
    void bytesThatNobodyAskedForAreAnError() {
        Http1Wire wire = new TestableHttp1(listener);
        assertThatThrownBy(() -> wire.received(ascii("HTTP/1.1 200 OK\r\n")))
                .hasMessageContaining("bytes without a request");
    }

    @Test
    void framesAreReadHoweverTheyAreCut() {
        ByteBuf frames = Unpooled.buffer();
        Http2Frames.headers(frames, 5, Http2Frames.block(":status", "200"), false);
        Http2Frames.data(frames, 5, new byte[300], true);
        Http2Frames.head(frames, 0, Http2Frames.SETTINGS, 0, 0);
        for (int cut = 1; cut < frames.readableBytes(); cut++) {
            List<String> seen = new ArrayList<>();
            ByteBuf out = Unpooled.buffer();
            Http2Reader reader = new Http2Reader(
                    new Http2Reader.Frames() {
                        private int data;

                        @Override
                        public void headers(int stream, int firstByte, boolean end) {
                            seen.add("headers " + stream + " " + firstByte + " " + end);
                        }

                        @Override
                        public void data(int stream, int bytes, boolean end) {
                            data += bytes;
                            if (end) {
                                seen.add("data " + stream + " " + data);
                            }
                        }

                        @Override
                        public void broken(int stream, long code) {
                            seen.add("broken");
                        }

                        @Override
                        public ByteBuf out() {
                            return out;
                        }
                    },
                    false);
            reader.read(frames.slice(0, cut));
            reader.read(frames.slice(cut, frames.readableBytes() - cut));
            assertThat(seen).as("cut at %d", cut).containsExactly("headers 5 0 false", "data 5 300");
            assertThat(out.readableBytes()).as("SETTINGS are acknowledged").isEqualTo(Http2Frames.HEAD);
        }
    }

    /** Sends into the void. */
    private static final class TestableHttp1 extends Http1Wire {
        TestableHttp1(Listener listener) {
            super(listener, List.of(Requests.get("web", "/1k")), 0);
        }

        @Override
        protected void write(ByteBuf data) {
            assertThat(data.toString(StandardCharsets.US_ASCII)).startsWith("GET /1k HTTP/1.1\r\n");
        }
    }
}
