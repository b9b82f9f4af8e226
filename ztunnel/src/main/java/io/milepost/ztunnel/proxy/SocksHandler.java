package io.milepost.ztunnel.proxy;

import io.milepost.mesh.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The SOCKS5 entry: whoever connects here acts for the pod. Success is answered before connecting, as ztunnel does; a
 * failure afterwards is a closed connection and a line in the access log.
 */
final class SocksHandler extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(SocksHandler.class);
    private static final long HANDSHAKE_SECONDS = 10;

    private final PodContext pod;
    private ByteBuf buffered = Unpooled.EMPTY_BUFFER;
    private boolean greeted;
    private boolean done;
    private @Nullable ScheduledFuture<?> timeout;

    SocksHandler(PodContext pod) {
        this.pod = pod;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        timeout = ctx.executor()
                .schedule(
                        () -> bad(ctx, "no request within " + HANDSHAKE_SECONDS + " s", SocksRequest.Answer.NOTHING),
                        HANDSHAKE_SECONDS,
                        TimeUnit.SECONDS);
        ctx.channel().config().setAutoRead(true);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (done) {
            data.release();
            return;
        }
        if (!buffered.isReadable()) {
            buffered.release();
            buffered = data;
        } else {
            buffered = Unpooled.wrappedBuffer(buffered, data);
        }
        while (!done && parse(ctx)) {
            // A greeting may be followed by its request at once.
        }
    }

    /** Whether there may be more to parse. */
    private boolean parse(ChannelHandlerContext ctx) {
        switch (greeted ? SocksRequest.connect(buffered) : SocksRequest.greeting(buffered)) {
            case SocksRequest.Incomplete _ -> {
                if (buffered.readableBytes() > SocksRequest.MAX_BYTES) {
                    bad(ctx, "a request that is too long", SocksRequest.Answer.NOTHING);
                }
                return false;
            }
            case SocksRequest.Bad b -> {
                bad(ctx, b.reason(), b.answer());
                return false;
            }
            case SocksRequest.Greeting _ -> {
                greeted = true;
                ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {5, 0}));
                return true;
            }
            case SocksRequest.Connect c -> {
                connect(ctx, c);
                return false;
            }
        }
    }

    private void connect(ChannelHandlerContext ctx, SocksRequest.Connect request) {
        IpAddress address = request.address() != null ? request.address() : pod.resolve(request.host());
        if (address == null) {
            bad(ctx, "unknown host " + request.host(), SocksRequest.Answer.HOST_UNREACHABLE);
            return;
        }
        settle();
        ctx.channel().config().setAutoRead(false);
        ctx.writeAndFlush(Unpooled.wrappedBuffer(SocksRequest.Answer.SUCCESS.bytes()));
        ByteBuf rest = buffered;
        buffered = Unpooled.EMPTY_BUFFER;
        OutboundConnection connection = new OutboundConnection(pod, ctx.channel());
        if (rest.isReadable()) {
            connection.early(rest);
        } else {
            rest.release();
        }
        ctx.pipeline().replace(this, "splice", connection.clientSide());
        connection.open(address, request.port());
    }

    private void bad(ChannelHandlerContext ctx, String reason, SocksRequest.Answer answer) {
        if (done) {
            return;
        }
        settle();
        log.warn("{}: SOCKS5 client {}: {}", pod.own().name(), ctx.channel().remoteAddress(), reason);
        ctx.writeAndFlush(Unpooled.wrappedBuffer(answer.bytes())).addListener(ChannelFutureListener.CLOSE);
    }

    private void settle() {
        done = true;
        ScheduledFuture<?> t = timeout;
        if (t != null) {
            t.cancel(false);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !done) {
            // The client left before it said where to.
            settle();
            ctx.close();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        buffered.release();
        buffered = Unpooled.EMPTY_BUFFER;
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        settle();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
