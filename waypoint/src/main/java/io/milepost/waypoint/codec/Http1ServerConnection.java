package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 of a client on one tunnel: one exchange at a time, pipelined requests wait in the decoder.
 *
 * <p>Confined to the event loop of its channel.
 */
public final class Http1ServerConnection extends ChannelInboundHandlerAdapter implements DownstreamStream {
    private static final int MAX_HELD = 64 * 1024;
    /** Envoy's delayed close. */
    private static final long LINGER_MILLIS = 1000;

    /** For a client that does not read the answer. */
    private static final long SLOW_LINGER_MILLIS = 10_000;

    private static final AsciiString CLOSE = AsciiString.cached("close");
    private static final AsciiString UPGRADE = AsciiString.cached("Upgrade");
    private static final AsciiString CHUNKED = AsciiString.cached("chunked");
    private static final AsciiString ZERO = AsciiString.cached("0");

    private final ExchangeFactory exchanges;
    private final Decoder decoder = new Decoder();

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Http1Output output;
    private @Nullable ExchangeHandler exchange;
    private boolean requestEnded;
    private boolean responseEnded;
    private boolean headRequest;
    private boolean chunked;
    private boolean closeAfter;
    private boolean upgraded;
    private boolean inputEnded;
    private boolean requestPaused;
    private boolean headWritten;
    private boolean lingering;
    private @Nullable ScheduledFuture<?> linger;

    public Http1ServerConnection(ExchangeFactory exchanges) {
        this.exchanges = exchanges;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext c) {
        ctx = c;
        output = new Http1Output(c);
    }

    private Http1Output out() {
        return java.util.Objects.requireNonNull(output, "handler not added");
    }

    private ChannelHandlerContext context() {
        return java.util.Objects.requireNonNull(ctx, "handler not added");
    }

    @Override
    public void channelRead(ChannelHandlerContext c, Object msg) {
        if (lingering) {
            ((ByteBuf) msg).release();
            return;
        }
        decoder.feed(c.alloc(), (ByteBuf) msg);
        backPressure();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext c, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            ExchangeHandler e = exchange;
            if (lingering) {
                c.close();
            } else if (upgraded && e != null) {
                if (!requestEnded) {
                    requestEnded = true;
                    e.onRequestData(Unpooled.EMPTY_BUFFER, true);
                }
            } else if (e != null && !requestEnded) {
                abandon("downstream_remote_disconnect");
                c.close();
            } else if (e == null) {
                c.close();
            }
        }
        c.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext c) {
        endLinger();
        abandon("downstream_remote_disconnect");
        decoder.release();
        out().release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext c, Throwable cause) {
        abandon("downstream_remote_disconnect");
        c.close();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext c) {
        ExchangeHandler e = exchange;
        if (e != null && c.channel().isWritable()) {
            e.onDownstreamWritable();
        }
    }

    private void abandon(String details) {
        ExchangeHandler e = exchange;
        if (e != null) {
            exchange = null;
            e.onDownstreamReset(details);
        }
    }

    private void backPressure() {
        Channel ch = context().channel();
        boolean read = lingering || !requestPaused && decoder.pendingBytes() < MAX_HELD;
        if (ch.config().isAutoRead() != read) {
            ch.config().setAutoRead(read);
        }
    }

    private final class Decoder extends Http1Decoder {
        @Override
        protected long onHead(byte[] block, int length) throws BadMessageException {
            RequestHead head = Http1Heads.parseRequest(block, length);
            long body = Http1BodyLength.ofRequest(head.headers());
            Headers h = head.headers();
            boolean upgrade = false;
            int connection = h.indexOf(HeaderName.CONNECTION, 0);
            if (connection >= 0) {
                closeAfter = HopByHop.connectionHas(h, CLOSE);
                upgrade = h.contains(HeaderName.UPGRADE) && HopByHop.connectionHas(h, UPGRADE);
            }
            headRequest = head.method().contentEquals("HEAD");
            // A CONNECT has no end of its own (recorded: http-target).
            closeAfter |= head.method().contentEquals("CONNECT");
            requestEnded = false;
            responseEnded = false;
            chunked = false;
            if (upgrade) {
                AsciiString protocol = h.get(HeaderName.UPGRADE);
                if (protocol == null || protocol.contentEqualsIgnoreCase("h2c")) {
                    h.remove(HeaderName.UPGRADE);
                    h.remove(HeaderName.HTTP2_SETTINGS);
                    upgrade = false;
                }
            }
            boolean raw = upgrade;
            upgraded = false;
            hold(true);
            exchange = exchanges.begin(head, body == NO_BODY && !raw, upgrade, Http1ServerConnection.this);
            if (responseEnded) {
                // Answered at once; what follows of this message is read and dropped by close or by framing.
                exchange = null;
            }
            return raw ? RAW : body;
        }

        @Override
        protected boolean plausible(ByteBuf in, int length) {
            return Http1FirstBytes.mayBecomeRequest(in, length);
        }

        @Override
        protected void onBody(ByteBuf data) {
            ExchangeHandler e = exchange;
            if (e == null) {
                data.release();
            } else {
                e.onRequestData(data, false);
            }
        }

        @Override
        protected void onEnd(@Nullable Headers trailers) {
            ExchangeHandler e = exchange;
            boolean had = requestEnded;
            requestEnded = true;
            if (e != null && !had) {
                // HTTP/1.1 trailers are dropped, as Envoy does.
                e.onRequestData(Unpooled.EMPTY_BUFFER, true);
            }
            finishIfDone();
        }

        @Override
        protected void onError(BadMessageException e) {
            ExchangeHandler broken = exchange;
            exchange = null;
            if (responseEnded || !headWritten) {
                long bytes = refuse(e);
                if (broken == null) {
                    exchanges.refused(e, bytes);
                } else {
                    broken.onRequestError(e, bytes);
                }
            } else {
                if (broken != null) {
                    broken.onDownstreamReset(e.details());
                }
                context().close();
            }
        }
    }

    /** Bytes of the answer's body. */
    private long refuse(BadMessageException e) {
        String reason = e.details().equals("missing_host_header")
                ? ""
                : io.netty.handler.codec.http.HttpResponseStatus.valueOf(e.status())
                        .reasonPhrase();
        Headers h = new Headers(8);
        if (!reason.isEmpty()) {
            h.add(HeaderName.CONTENT_TYPE, "text/plain");
        }
        h.add(HeaderName.CONTENT_LENGTH, Integer.toString(reason.length()));
        h.add(HeaderName.DATE, HttpDate.now());
        h.add(HeaderName.SERVER, "istio-envoy");
        out().response(new ResponseHead(e.status(), h), CLOSE);
        out().body(Unpooled.copiedBuffer(reason, StandardCharsets.US_ASCII), false);
        flushAndLinger();
        return reason.length();
    }

    @Override
    public void informational(ResponseHead head) {
        out().response(head, null);
    }

    @Override
    public void head(ResponseHead head, boolean end) {
        headWritten = true;
        if (head.status() == 101) {
            upgraded = true;
            out().response(head, head.headers().contains(HeaderName.CONNECTION) ? null : UPGRADE);
            return;
        }
        Headers h = head.headers();
        int s = head.status();
        boolean length = h.contains(HeaderName.CONTENT_LENGTH);
        chunked = false;
        HeaderName framing = null;
        if (!length && s >= 200 && s != 204 && s != 304) {
            boolean empty = end && !headRequest;
            framing = empty ? HeaderName.CONTENT_LENGTH : HeaderName.TRANSFER_ENCODING;
            h.add(framing, empty ? ZERO : CHUNKED);
            chunked = !empty && !headRequest;
        }
        if (exchanges.draining()) {
            closeAfter = true;
        }
        out().response(head, closeAfter ? CLOSE : null);
        // Logs show and count what Envoy's have: not the framing, but that the connection closes (asked of Envoy
        // 1.40.0).
        if (framing != null) {
            h.remove(framing);
        }
        if (closeAfter) {
            h.set(HeaderName.CONNECTION, CLOSE);
        }
        if (end) {
            endResponse();
        }
    }

    @Override
    public void data(ByteBuf data, boolean end) {
        if (headRequest) {
            data.release();
        } else {
            out().body(data, chunked);
        }
        if (end) {
            endResponse();
        }
    }

    @Override
    public void trailers(Headers trailers) {
        endResponse();
    }

    private void flushAndClose() {
        out().flushNow();
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    /**
     * Ends a connection whose client may still be sending. It must not lose the answer to a reset, so what it sends is
     * read and dropped for a while (Envoy's delayed close).
     */
    private void flushAndLinger() {
        Channel channel = context().channel();
        if (inputEnded || !(channel instanceof DuplexChannel duplex)) {
            flushAndClose();
            return;
        }
        out().flushNow();
        lingering = true;
        linger = closeAfter(SLOW_LINGER_MILLIS);
        duplex.shutdownOutput().addListener(written -> {
            endLinger();
            linger = closeAfter(LINGER_MILLIS);
        });
        channel.config().setAutoRead(true);
    }

    private ScheduledFuture<?> closeAfter(long millis) {
        return context().executor().schedule(() -> context().close(), millis, TimeUnit.MILLISECONDS);
    }

    private void endLinger() {
        ScheduledFuture<?> l = linger;
        if (l != null) {
            l.cancel(false);
        }
    }

    private void endResponse() {
        if (chunked) {
            out().lastChunk();
            chunked = false;
        }
        responseEnded = true;
        if (upgraded) {
            exchange = null;
            flushAndClose();
            return;
        }
        if (!requestEnded && closeAfter) {
            exchange = null;
            flushAndLinger();
            return;
        }
        finishIfDone();
    }

    /** The next request may begin when both sides of this one are over. */
    private void finishIfDone() {
        if (!requestEnded || !responseEnded) {
            return;
        }
        exchange = null;
        headWritten = false;
        if (closeAfter || inputEnded) {
            flushAndClose();
            return;
        }
        requestPaused = false;
        decoder.hold(false);
        if (context().channel().isActive()) {
            backPressure();
        }
    }

    @Override
    public void reset() {
        exchange = null;
        // What was begun gets out; its framing shows that it is not complete.
        out().flushNow();
        context().close();
    }

    @Override
    public boolean writable() {
        return context().channel().isWritable();
    }

    @Override
    public void readRequest(boolean on) {
        requestPaused = !on;
        backPressure();
    }

    @Override
    public void closeAfterResponse() {
        closeAfter = true;
    }

    /** Whether the client sent all of its current request. */
    public boolean requestEnded() {
        return requestEnded;
    }
}
