package io.milepost.waypoint;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
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
 * preface) from HTTP/1.1; on undeclared ports everything that is neither ({@link FirstLine}) becomes TCP, also what is not
 * decided within the detection time (Envoy would close such a connection after 15 s; server-first protocols work here).
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
    private static final int PIECES = 1024;
    /** As long as that few bytes came every piece is looked at; later only one that may end the line. */
    private static final int SHORT = 256;

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
        ByteBuf piece = (ByteBuf) msg;
        int came = piece.readableBytes();
        boolean line = piece.indexOf(piece.readerIndex(), piece.writerIndex(), (byte) '\n') >= 0;
        ByteBuf in = joined(c, piece);
        first = in;
        int n = in.readableBytes();
        if (came < n && n > SHORT && n < FirstLine.LONGEST && !line) {
            return;
        }
        Protocol p = look(in);
        if (p != Protocol.UNDECIDED) {
            decide(c, p);
        }
    }

    /** Rare: a first line in pieces of a few bytes. */
    private ByteBuf joined(ChannelHandlerContext c, ByteBuf piece) {
        ByteBuf before = first;
        if (before == null) {
            return piece;
        }
        CompositeByteBuf all = before instanceof CompositeByteBuf own && own.maxNumComponents() == PIECES
                ? own
                : c.alloc().compositeBuffer(PIECES).addComponent(true, before);
        return all.addComponent(true, piece);
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
        return FirstLine.look(in);
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
