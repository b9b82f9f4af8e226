package io.milepost.waypoint;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a tunnel's first bytes and then replaces itself. On declared HTTP ports it only tells HTTP/2 (connection
 * preface) from HTTP/1.1; on undeclared ports everything that is neither becomes TCP, also when nothing comes within the
 * detection time (Envoy would close such a connection after 15 s; server-first protocols work here).
 */
final class ProtocolDetector extends ChannelInboundHandlerAdapter {
    enum Protocol {
        HTTP1,
        HTTP2,
        TCP,
        UNDECIDED
    }

    /**
     * @param openTcp makes the tunnel a TCP connection; returns what takes the bytes that came, or null when it had to be
     *     closed
     */
    record Undeclared(long millis, Function<Channel, @Nullable EarlyBytes> openTcp) {}

    private static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final int MAX_REQUEST_LINE = 8192;

    private final @Nullable Undeclared undeclared;
    private final Function<Protocol, ChannelHandler> http;
    private @Nullable ByteBuf first;
    private @Nullable ScheduledFuture<?> timer;

    ProtocolDetector(@Nullable Undeclared undeclared, Function<Protocol, ChannelHandler> http) {
        this.undeclared = undeclared;
        this.http = http;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext c) {
        Undeclared u = undeclared;
        if (u != null) {
            timer = c.executor().schedule(() -> decide(c, Protocol.TCP), u.millis, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext c, Object msg) {
        ByteBuf in = (ByteBuf) msg;
        ByteBuf before = first;
        if (before != null) {
            // Rare: a request line in pieces of a few bytes.
            in = c.alloc().compositeBuffer().addComponent(true, before).addComponent(true, in);
        }
        first = in;
        Protocol p = look(in);
        if (p != Protocol.UNDECIDED) {
            decide(c, p);
        }
    }

    private void decide(ChannelHandlerContext c, Protocol p) {
        if (c.isRemoved()) {
            return;
        }
        ScheduledFuture<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        ByteBuf in = first;
        first = null;
        Undeclared u = undeclared;
        if (p == Protocol.TCP && u != null) {
            Channel ch = c.channel();
            EarlyBytes tcp = u.openTcp.apply(ch);
            if (in != null) {
                if (tcp == null) {
                    in.release();
                } else {
                    tcp.early(in);
                }
            }
            c.pipeline().remove(this);
            return;
        }
        c.pipeline().addAfter(c.name(), null, http.apply(p));
        if (in != null) {
            c.fireChannelRead(in);
        }
        c.pipeline().remove(this);
    }

    private Protocol look(ByteBuf in) {
        int n = Math.min(in.readableBytes(), PREFACE.length);
        int i = 0;
        while (i < n && in.getByte(in.readerIndex() + i) == PREFACE[i]) {
            i++;
        }
        if (i == PREFACE.length) {
            return Protocol.HTTP2;
        }
        if (i == n) {
            return Protocol.UNDECIDED;
        }
        if (undeclared == null) {
            return Protocol.HTTP1;
        }
        return looksLikeHttp1(in);
    }

    /** A request line that ends in HTTP/1.1; HTTP/1.0 passes as TCP (recorded from Envoy). */
    private static Protocol looksLikeHttp1(ByteBuf in) {
        int from = in.readerIndex();
        int to = in.writerIndex();
        int lf = in.indexOf(from, to, (byte) '\n');
        int end = lf < 0 ? to : lf;
        int i = from;
        while (i < end && in.getByte(i) >= 'A' && in.getByte(i) <= 'Z') {
            i++;
        }
        if (i == end) {
            return lf < 0 && i - from < 20 ? Protocol.UNDECIDED : Protocol.TCP;
        }
        if (i == from || in.getByte(i) != ' ') {
            return Protocol.TCP;
        }
        if (lf < 0) {
            return to - from > MAX_REQUEST_LINE ? Protocol.TCP : Protocol.UNDECIDED;
        }
        int stop = in.getByte(lf - 1) == '\r' ? lf - 1 : lf;
        String version = stop - from < 9 ? "" : in.toString(stop - 9, 9, java.nio.charset.StandardCharsets.US_ASCII);
        return version.equals(" HTTP/1.1") ? Protocol.HTTP1 : Protocol.TCP;
    }

    @Override
    public void channelInactive(ChannelHandlerContext c) {
        ScheduledFuture<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        ByteBuf in = first;
        first = null;
        if (in != null) {
            in.release();
        }
        c.fireChannelInactive();
    }
}
