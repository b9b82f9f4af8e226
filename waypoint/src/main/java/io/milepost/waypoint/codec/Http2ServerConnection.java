package io.milepost.waypoint.codec;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * h2c of a client on one tunnel: one exchange per stream. Credit of the request's body is returned when the exchange
 * took the bytes and is not paused.
 */
public final class Http2ServerConnection extends Http2Side<Http2ServerConnection.Stream> {
    private static final int MAX_STREAMS = 1024;
    private static final int CONNECTION_WINDOW = 1 << 20;

    private final ExchangeFactory exchanges;

    private Http2ServerConnection(ExchangeFactory exchanges) {
        this.exchanges = exchanges;
    }

    /** The handler for the tunnel's pipeline; it reads from the connection preface on. */
    public static Http2ConnectionHandler handler(ExchangeFactory exchanges) {
        Http2ServerConnection c = new Http2ServerConnection(exchanges);
        c.attach(Http2Handler.ofServer(c, CONNECTION_WINDOW, MAX_STREAMS));
        return c.h2();
    }

    @Override
    void headers(ChannelHandlerContext c, int id, Http2Headers headers, boolean end) {
        Http2Stream s = h2().connection().stream(id);
        Stream known = streamOf(s);
        if (known != null) {
            known.trailersRead(Http2Heads.fields(headers));
            return;
        }
        if (headers.size() > Http1Fields.MAX_LINES) {
            writeReset(id, Http2Error.INTERNAL_ERROR);
            return;
        }
        Stream stream = new Stream(Objects.requireNonNull(s, "stream of HEADERS"));
        bind(s, stream);
        try {
            RequestHead head = Http2Heads.request(headers);
            stream.headRequest = head.method().contentEquals("HEAD");
            stream.requestEnded = end;
            HopByHop.removeFromRequest(head.headers(), false);
            stream.exchange = exchanges.begin(head, end, false, stream);
        } catch (BadMessageException e) {
            // As Envoy: who sends such a head is not spoken to any more.
            h2().onError(c, false, Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, e.details()));
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext c, int id, ByteBuf data, int padding, boolean end) {
        Stream s = stream(id);
        int bytes = data.readableBytes();
        if (s == null || s.exchange == null) {
            return bytes + padding;
        }
        s.requestEnded |= end;
        int credit = s.credit.read(bytes, padding);
        s.exchange.onRequestData(data.retain(), end);
        return credit;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext c, int id, long error) {
        Stream s = stream(id);
        if (s != null) {
            s.gone("http2.remote_reset");
        }
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        Stream s = streamOf(stream);
        if (s != null) {
            s.gone("downstream_remote_disconnect");
        }
    }

    @Override
    void writabilityChanged(Http2Stream stream) {
        Stream s = streamOf(stream);
        if (s != null && s.exchange != null && s.writable()) {
            s.exchange.onDownstreamWritable();
        }
    }

    /** One stream: the client's side of one exchange. */
    final class Stream implements DownstreamStream {
        private final Http2Stream stream;
        private final Http2Credit credit = new Http2Credit();
        private @Nullable ExchangeHandler exchange;
        private boolean headRequest;
        private boolean requestEnded;
        private boolean ended;

        Stream(Http2Stream stream) {
            this.stream = stream;
        }

        void trailersRead(Headers trailers) {
            ExchangeHandler e = exchange;
            requestEnded = true;
            if (e != null) {
                e.onRequestTrailers(trailers);
            }
        }

        void gone(String details) {
            ExchangeHandler e = exchange;
            exchange = null;
            if (e != null && !ended) {
                e.onDownstreamReset(details);
            }
        }

        @Override
        public void informational(ResponseHead head) {
            writeHeaders(stream.id(), Http2Heads.response(head), false);
        }

        @Override
        public void head(ResponseHead head, boolean end) {
            ended |= end;
            afterWrite(end, writeHeaders(stream.id(), Http2Heads.response(head), end));
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            ended |= end;
            ByteBuf d = data;
            if (headRequest && data.isReadable()) {
                data.release();
                d = Unpooled.EMPTY_BUFFER;
            }
            afterWrite(end, writeData(stream.id(), d, end));
        }

        @Override
        public void trailers(Headers trailers) {
            ended = true;
            afterWrite(true, writeHeaders(stream.id(), Http2Heads.trailers(trailers), true));
        }

        private void afterWrite(boolean end, ChannelPromise written) {
            if (end) {
                exchange = null;
                if (!requestEnded) {
                    // Behind the end, which may wait for room: a reset drops what still waits.
                    written.addListener(done -> stopRequest());
                }
            }
        }

        /** As Envoy: a response that ended early resets the rest of the request with NO_ERROR. */
        private void stopRequest() {
            if (h2().connection().stream(stream.id()) != null) {
                writeReset(stream.id(), Http2Error.NO_ERROR);
            }
        }

        @Override
        public void reset() {
            exchange = null;
            ended = true;
            writeReset(stream.id(), Http2Error.INTERNAL_ERROR);
        }

        @Override
        public boolean writable() {
            return isWritable(stream);
        }

        @Override
        public void readRequest(boolean on) {
            consumed(stream, credit.reading(on));
        }

        @Override
        public void closeAfterResponse() {
            // Connections of HTTP/2 outlive their streams.
        }
    }
}
