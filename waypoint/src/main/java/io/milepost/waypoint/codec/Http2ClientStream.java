package io.milepost.waypoint.codec;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.SocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One stream of a {@link Http2ClientConnection}: one attempt of an exchange. Confined to its event loop. */
final class Http2ClientStream implements UpstreamStream {
    private final Http2ClientConnection connection;
    private final Http2Credit credit = new Http2Credit();
    /** Null when nothing more may be told. */
    private @Nullable Listener listener;

    private @Nullable Http2Stream stream;
    private boolean headRead;
    private boolean headRequest;
    private boolean bodyless;
    private boolean requestEnded;
    private boolean responseEnded;

    Http2ClientStream(Http2ClientConnection connection, Listener listener) {
        this.connection = connection;
        this.listener = listener;
    }

    // ---- from the endpoint

    void headersRead(Http2Headers headers, boolean end) {
        Listener l = listener;
        if (l == null) {
            return;
        }
        if (headRead) {
            responseEnded = true;
            finish();
            l.onTrailers(Http2Heads.fields(headers));
            return;
        }
        try {
            ResponseHead head = Http2Heads.response(headers);
            HopByHop.removeFromResponse(head.headers(), false);
            if (head.status() == 101) {
                throw new BadMessageException(502, "upstream_protocol_error");
            }
            if (head.status() < 200) {
                l.onInformational(head);
                return;
            }
            headRead = true;
            bodyless = headRequest || head.status() == 204 || head.status() == 304;
            if (end) {
                responseEnded = true;
                finish();
            }
            l.onHead(head, end);
        } catch (BadMessageException e) {
            broken(l);
        }
    }

    /** Returns how many bytes the endpoint may send again at once. */
    int dataRead(ByteBuf data, int padding, boolean end) {
        int bytes = data.readableBytes();
        Listener l = listener;
        if (l == null) {
            return bytes + padding;
        }
        if (!headRead || bodyless && bytes > 0) {
            // Data before a final head, or where there is no body (asked of Envoy 1.40.0).
            broken(l);
            return bytes + padding;
        }
        int again = credit.read(bytes, padding);
        if (end) {
            responseEnded = true;
            finish();
        }
        l.onData(data.retain(), end);
        return again;
    }

    void fail(Reset reason) {
        Listener l = listener;
        listener = null;
        if (l != null && !responseEnded) {
            l.onReset(reason, "");
        }
    }

    /** The endpoint broke the protocol. */
    private void broken(Listener l) {
        listener = null;
        reset(Http2Error.PROTOCOL_ERROR);
        l.onReset(Reset.PROTOCOL_ERROR, "");
    }

    void writabilityChanged() {
        Listener l = listener;
        if (l != null && writable()) {
            l.onWritable();
        }
    }

    // ---- to the endpoint

    private int id() {
        return Objects.requireNonNull(stream, "head not sent").id();
    }

    @Override
    public void head(RequestHead head, boolean end) {
        requestEnded = end;
        headRequest = head.method().contentEquals("HEAD");
        int id = connection.h2().connection().local().incrementAndGetNextStreamId();
        connection.writeHeaders(id, Http2Heads.request(head), end);
        Http2Stream s = connection.h2().connection().stream(id);
        if (s == null) {
            fail(Reset.CONNECTION_TERMINATION);
            return;
        }
        stream = s;
        connection.bind(s, this);
    }

    @Override
    public void data(ByteBuf data, boolean end) {
        if (stream == null) {
            data.release();
            return;
        }
        requestEnded |= end;
        connection.writeData(id(), data, end);
        finish();
    }

    @Override
    public void trailers(Headers trailers) {
        if (stream == null) {
            return;
        }
        requestEnded = true;
        connection.writeHeaders(id(), Http2Heads.trailers(trailers), true);
        finish();
    }

    private void finish() {
        if (responseEnded && !requestEnded && listener != null && stream != null) {
            // The response is complete: the rest of the request is of no use to the application.
            listener = null;
            reset(Http2Error.NO_ERROR);
        }
    }

    private void reset(Http2Error error) {
        if (stream != null) {
            connection.writeReset(id(), error);
        }
    }

    @Override
    public void cancel() {
        listener = null;
        if (!(requestEnded && responseEnded)) {
            reset(Http2Error.CANCEL);
        }
    }

    @Override
    public boolean writable() {
        Http2Stream s = stream;
        return s != null && connection.isWritable(s);
    }

    @Override
    public void readResponse(boolean on) {
        int again = credit.reading(on);
        Http2Stream s = stream;
        if (s != null) {
            connection.consumed(s, again);
        }
    }

    @Override
    public SocketAddress localAddress() {
        return connection.context().channel().localAddress();
    }

    @Override
    public long connectionNumber() {
        return connection.number;
    }
}
