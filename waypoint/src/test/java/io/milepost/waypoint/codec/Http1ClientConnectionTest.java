package io.milepost.waypoint.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Http1ClientConnectionTest {
    /** A client slower than the application pauses the response; its last bytes may come before the pause ends. */
    @Test
    void aConnectionThatWasPausedAtTheEndReadsForTheNextRequest() {
        Owner owner = new Owner();
        Http1ClientConnection connection = new Http1ClientConnection(owner);
        EmbeddedChannel channel = new EmbeddedChannel(connection);
        connection.begin(new PausingListener(connection));
        connection.head(get(), true);
        channel.writeInbound(
                Unpooled.copiedBuffer("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndata", StandardCharsets.US_ASCII));

        assertThat(owner.idle).containsExactly(connection);
        assertThat(channel.config().isAutoRead()).isTrue();
        channel.finishAndReleaseAll();
    }

    /** Asked of Envoy 1.40.0 (wheel): a GET whose chunked body is empty stays chunked, one without a body is bare. */
    @ParameterizedTest
    @CsvSource({"false, true", "true, false"})
    void anEmptyBodyKeepsItsFraming(boolean endedWithItsHead, boolean chunked) {
        Owner owner = new Owner();
        Http1ClientConnection connection = new Http1ClientConnection(owner);
        EmbeddedChannel channel = new EmbeddedChannel(connection);
        connection.begin(new PausingListener(connection));
        connection.head(get(), endedWithItsHead);
        if (!endedWithItsHead) {
            connection.data(Unpooled.EMPTY_BUFFER, true);
        }
        channel.runPendingTasks();
        channel.flushOutbound();
        StringBuilder sent = new StringBuilder();
        for (ByteBuf b = channel.readOutbound(); b != null; b = channel.readOutbound()) {
            sent.append(b.toString(StandardCharsets.US_ASCII));
            b.release();
        }
        assertThat(sent.toString())
                .startsWith("GET / HTTP/1.1\r\n")
                .endsWith(chunked ? "transfer-encoding: chunked\r\n\r\n0\r\n\r\n" : "\r\n\r\n")
                .doesNotContain("content-length");
        assertThat(sent.indexOf("transfer-encoding") >= 0).isEqualTo(chunked);
        channel.finishAndReleaseAll();
    }

    private static RequestHead get() {
        return new RequestHead(
                RequestHead.Protocol.HTTP_1_1,
                AsciiString.cached("GET"),
                AsciiString.cached("reviews"),
                AsciiString.cached("/"),
                AsciiString.cached("http"),
                new Headers());
    }

    private static final class Owner implements Http1ClientConnection.Owner {
        private final List<Http1ClientConnection> idle = new ArrayList<>();

        @Override
        public void idle(Http1ClientConnection connection) {
            idle.add(connection);
        }

        @Override
        public void closed(Http1ClientConnection connection) {}
    }

    private record PausingListener(Http1ClientConnection connection) implements UpstreamStream.Listener {
        @Override
        public void onInformational(ResponseHead head) {}

        @Override
        public void onHead(ResponseHead head, boolean end) {}

        @Override
        public void onData(ByteBuf data, boolean end) {
            data.release();
            if (!end) {
                connection.readResponse(false);
            }
        }

        @Override
        public void onTrailers(Headers trailers) {}

        @Override
        public void onReset(Reset reason, String detail) {}

        @Override
        public void onWritable() {}
    }
}
