package io.milepost.waypoint.codec;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.AsciiString;
import java.net.SocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** HTTP/1.1 to one endpoint: one request at a time, then back to its owner. Confined to its event loop. */
public final class Http1ClientConnection extends ChannelInboundHandlerAdapter implements UpstreamStream {
    private static final AsciiString CLOSE = AsciiString.cached("close");
    private static final AsciiString UPGRADE = AsciiString.cached("Upgrade");
    private static final AsciiString CHUNKED = AsciiString.cached("chunked");
    private static final AsciiString ZERO = AsciiString.cached("0");

    /** Who keeps the connection when it is idle. */
    public interface Owner {
        /** The connection may carry another request. */
        void idle(Http1ClientConnection connection);

        /** The connection is gone, idle or not. */
        void closed(Http1ClientConnection connection);
    }

    private final long number = ConnectionNumber.next();
    private final Owner owner;
    private final Decoder decoder = new Decoder();
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Http1Output output;
    private @Nullable Listener listener;
    private boolean headRequest;
    private boolean upgradeRequest;
    private boolean chunked;
    private boolean requestEnded;
    private boolean responseEnded;
    private boolean responseStarted;
    private boolean keepAlive = true;
    private boolean upgraded;
    private boolean informational;
    private boolean headOnly;
    private boolean closedReported;
    private int requests;

    public Http1ClientConnection(Owner owner) {
        this.owner = owner;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext c) {
        ctx = c;
        output = new Http1Output(c);
    }

    private Http1Output out() {
        return Objects.requireNonNull(output, "handler not added");
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx, "handler not added");
    }

    /** Takes the connection for one exchange. */
    public void begin(Listener forExchange) {
        listener = forExchange;
        requestEnded = false;
        responseEnded = false;
        responseStarted = false;
        upgradeRequest = false;
        requests++;
    }

    public boolean isActive() {
        ChannelHandlerContext c = ctx;
        return c != null && c.channel().isActive() && !closedReported;
    }

    /** Requests carried so far. */
    public int requests() {
        return requests;
    }

    public void close() {
        context().close();
    }

    @Override
    public void channelRead(ChannelHandlerContext c, Object msg) {
        decoder.feed(c.alloc(), (ByteBuf) msg);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext c, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded();
            if (!upgraded || listener == null) {
                c.close();
            }
        }
        c.fireUserEventTriggered(event);
    }

    private void inputEnded() {
        Listener l = listener;
        if (upgraded && l != null && !responseEnded) {
            responseEnded = true;
            l.onData(Unpooled.EMPTY_BUFFER, true);
            finishIfDone();
        } else if (decoder.endOfInput() && l != null && !responseEnded) {
            fail(Reset.CONNECTION_TERMINATION, "");
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext c) {
        inputEnded();
        fail(Reset.CONNECTION_TERMINATION, "");
        decoder.release();
        out().release();
        reportClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext c, Throwable cause) {
        // Envoy's log has no words for a connection that breaks after it was made (recorded: vs-retry-default).
        fail(Reset.CONNECTION_TERMINATION, "");
        c.close();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext c) {
        Listener l = listener;
        if (l != null && c.channel().isWritable()) {
            l.onWritable();
        }
    }

    private void fail(Reset reason, String detail) {
        Listener l = listener;
        if (l != null && !responseEnded) {
            listener = null;
            keepAlive = false;
            l.onReset(reason, detail);
        }
    }

    private void reportClosed() {
        if (!closedReported) {
            closedReported = true;
            owner.closed(this);
        }
    }

    private final class Decoder extends Http1Decoder {
        @Override
        protected long onHead(byte[] block, int length) throws BadMessageException {
            ResponseHead head = Http1Heads.parseResponse(block, length);
            Listener l = listener;
            if (l == null) {
                // Bytes that nobody asked for: the connection is of no use any more.
                throw new BadMessageException(502, "unsolicited response");
            }
            int s = head.status();
            if (s == 101 && upgradeRequest) {
                upgraded = true;
                responseStarted = true;
                HopByHop.removeFromResponse(head.headers(), true);
                l.onHead(head, false);
                return RAW;
            }
            if (s < 200) {
                if (s == 101
                        || head.headers().contains(HeaderName.CONTENT_LENGTH)
                        || head.headers().contains(HeaderName.TRANSFER_ENCODING)) {
                    // An upgrade that nobody asked for, or a body where none may be (asked of Envoy 1.40.0).
                    throw new BadMessageException(502, "upstream_protocol_error");
                }
                HopByHop.removeFromResponse(head.headers(), false);
                l.onInformational(head);
                informational = true;
                return NO_BODY;
            }
            long body = Http1BodyLength.ofResponse(head, headRequest);
            responseStarted = true;
            keepAlive = body != UNTIL_CLOSE
                    && !Http1Heads.isHttp10(block)
                    && !HopByHop.connectionHas(head.headers(), CLOSE);
            HopByHop.removeFromResponse(head.headers(), false);
            headOnly = body == NO_BODY;
            responseEnded = headOnly;
            l.onHead(head, headOnly);
            return body;
        }

        @Override
        protected boolean plausible(ByteBuf in, int length) {
            return Http1FirstBytes.maybeStatusLine(in, length);
        }

        @Override
        protected void onBody(ByteBuf data) {
            Listener l = listener;
            if (l == null) {
                data.release();
            } else {
                l.onData(data, false);
            }
        }

        @Override
        protected void onEnd(@Nullable Headers trailers) {
            if (informational) {
                informational = false;
                return;
            }
            Listener l = listener;
            responseEnded = true;
            if (l != null && !headOnly) {
                l.onData(Unpooled.EMPTY_BUFFER, true);
            }
            finishIfDone();
        }

        @Override
        protected void onError(BadMessageException e) {
            fail(Reset.PROTOCOL_ERROR, "");
            context().close();
        }
    }

    private void finishIfDone() {
        if (!requestEnded || !responseEnded) {
            return;
        }
        listener = null;
        if (keepAlive && !upgraded && context().channel().isActive()) {
            // The exchange may have ended while it was paused; the next one must not find a connection that reads
            // nothing.
            context().channel().config().setAutoRead(true);
            owner.idle(this);
        } else {
            context().close();
        }
    }

    @Override
    public void head(RequestHead head, boolean end) {
        headRequest = head.method().contentEquals("HEAD");
        headOnly = false;
        Headers h = head.headers();
        AsciiString connection = null;
        chunked = false;
        if (h.contains(HeaderName.UPGRADE)) {
            upgradeRequest = true;
            connection = h.contains(HeaderName.CONNECTION) ? null : UPGRADE;
        } else if (!h.contains(HeaderName.CONTENT_LENGTH)) {
            if (!end) {
                h.add(HeaderName.TRANSFER_ENCODING, CHUNKED);
                chunked = true;
            } else if (!bodiless(head.method())) {
                h.add(HeaderName.CONTENT_LENGTH, ZERO);
            }
        }
        out().request(head, connection);
        if (chunked) {
            h.remove(HeaderName.TRANSFER_ENCODING);
        }
        if (end) {
            endRequest();
        }
    }

    /** Methods that Envoy sends without content-length when there is no body. */
    private static boolean bodiless(AsciiString m) {
        return m.contentEquals("GET")
                || m.contentEquals("HEAD")
                || m.contentEquals("DELETE")
                || m.contentEquals("TRACE")
                || m.contentEquals("CONNECT");
    }

    @Override
    public void data(ByteBuf data, boolean end) {
        out().body(data, chunked);
        if (end) {
            if (chunked) {
                out().lastChunk();
            }
            if (upgraded && context().channel() instanceof io.netty.channel.socket.DuplexChannel d) {
                out().flushNow();
                // Behind what waits for room: shutting down a socket's output drops it.
                d.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> d.shutdownOutput());
            }
            endRequest();
        }
    }

    @Override
    public void trailers(Headers trailers) {
        data(Unpooled.EMPTY_BUFFER, true);
    }

    private void endRequest() {
        requestEnded = true;
        finishIfDone();
    }

    @Override
    public void cancel() {
        listener = null;
        context().close();
    }

    @Override
    public boolean writable() {
        return context().channel().isWritable();
    }

    @Override
    public void readResponse(boolean on) {
        context().channel().config().setAutoRead(on);
    }

    @Override
    public SocketAddress localAddress() {
        return context().channel().localAddress();
    }

    @Override
    public long connectionNumber() {
        return number;
    }

    /** Whether any part of a final response came for the current request. */
    public boolean responseStarted() {
        return responseStarted;
    }
}
