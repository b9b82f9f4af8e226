package io.milepost.waypoint;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the server name of a client's TLS connection (or for the certainty that there is none), then makes the tunnel a
 * TCP connection and removes itself. A client that waits for the server to speak first counts as one without TLS.
 */
final class ServerNamePeek extends ChannelInboundHandlerAdapter implements EarlyBytes {
    private final long millis;
    private final BiFunction<Channel, ClientHello.Seen, @Nullable TcpConnection> open;
    private @Nullable ByteBuf first;
    private @Nullable ScheduledFuture<?> timer;
    private @Nullable ChannelHandlerContext context;

    /** @param open adds the connection's handler to the tunnel; null when it closed the tunnel instead */
    ServerNamePeek(long millis, BiFunction<Channel, ClientHello.Seen, @Nullable TcpConnection> open) {
        this.millis = millis;
        this.open = open;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext c) {
        context = c;
        timer = c.executor().schedule(this::decide, millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext c, Object msg) {
        early((ByteBuf) msg);
    }

    @Override
    public void early(ByteBuf data) {
        ChannelHandlerContext c = context;
        ByteBuf before = first;
        if (c == null || c.isRemoved()) {
            data.release();
            return;
        }
        first = before == null
                ? data
                : c.alloc().compositeBuffer().addComponent(true, before).addComponent(true, data);
        if (ClientHello.look(first).complete() || first.readableBytes() > ClientHello.MAX_BYTES) {
            decide();
        }
    }

    private void decide() {
        ChannelHandlerContext c = context;
        if (c == null || c.isRemoved()) {
            return;
        }
        stopTimer();
        ByteBuf in = first;
        first = null;
        TcpConnection t = open.apply(c.channel(), in == null ? ClientHello.Seen.NO_TLS : ClientHello.look(in));
        if (in != null) {
            if (t == null) {
                in.release();
            } else {
                t.early(in);
            }
        }
        c.pipeline().remove(this);
    }

    /** No more will come: the connection learns of it as soon as it is one. */
    @Override
    public void userEventTriggered(ChannelHandlerContext c, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            decide();
        }
        c.fireUserEventTriggered(event);
    }

    private void stopTimer() {
        ScheduledFuture<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext c) {
        stopTimer();
        ByteBuf in = first;
        first = null;
        if (in != null) {
            in.release();
        }
        c.fireChannelInactive();
    }
}
