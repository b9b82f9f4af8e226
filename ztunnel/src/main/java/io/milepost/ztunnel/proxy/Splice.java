package io.milepost.ztunnel.proxy;

import io.milepost.hbone.TunnelChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Bytes in both directions between two channels of one event loop. Each direction ends by itself (half close); a slow
 * reader stops the reading of the other side; a side that is reset becomes an end of the stream for the other, as in
 * ztunnel.
 */
final class Splice {
    /** What remains when one side is gone: the other may take the end of its stream in peace. */
    private static final long LINGER_SECONDS = 5;

    /** Told of what moves. */
    interface Observer {
        void fromClient(int bytes);

        void toClient(int bytes);

        /** Both channels are closed. */
        void ended();
    }

    private final Observer observer;
    private final Side client = new Side();
    private final Side upstream = new Side();
    /** At most what one read delivers: reading stops until the upstream is there. */
    private final List<ByteBuf> early = new ArrayList<>(1);

    private boolean aborted;
    private boolean ended;

    Splice(Observer observer) {
        this.observer = observer;
    }

    /** For the pipeline of the side that connected. */
    ChannelHandler clientSide() {
        return client;
    }

    /** For the pipeline of the side that was connected to. */
    ChannelHandler upstreamSide() {
        return upstream;
    }

    /** Bytes of the client that were read before; taken over. */
    void early(ByteBuf data) {
        observer.fromClient(data.readableBytes());
        early.add(data);
    }

    /** The upstream could not be reached. */
    void abandon() {
        early.forEach(ByteBuf::release);
        early.clear();
    }

    /** Lets the bytes flow. Both handlers are in their pipelines. */
    void join(Channel c, Channel u) {
        client.channel = c;
        upstream.channel = u;
        if (aborted) {
            abandon();
            abort();
            return;
        }
        for (ByteBuf data : early) {
            u.write(data, u.voidPromise());
        }
        early.clear();
        u.flush();
        if (client.inputEnded) {
            shutOutput(upstream);
        }
        if (upstream.inputEnded) {
            shutOutput(client);
        }
        if (!c.isActive()) {
            gone(client);
        } else if (!u.isActive()) {
            gone(upstream);
        } else {
            u.config().setAutoRead(c.isWritable());
            c.config().setAutoRead(u.isWritable());
        }
    }

    /** Ends both sides at once, or as soon as they are joined; neither may take what it got for complete. */
    void abort() {
        aborted = true;
        abort(client.channel);
        abort(upstream.channel);
    }

    private static void abort(@Nullable Channel channel) {
        if (channel instanceof TunnelChannel tunnel) {
            tunnel.abort();
        } else if (channel != null) {
            channel.close();
        }
    }

    private Side other(Side side) {
        return side == client ? upstream : client;
    }

    private void inputEnded(Side side) {
        if (side.inputEnded) {
            return;
        }
        side.inputEnded = true;
        shutOutput(other(side));
        closeIfDone(side);
    }

    private void shutOutput(Side side) {
        Channel channel = side.channel;
        if (channel == null || side.outputShut) {
            return;
        }
        side.outputShut = true;
        // Behind everything that was written before.
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
            }
            side.outputDone = true;
            closeIfDone(side);
            if (side.peerGone) {
                linger(channel);
            }
        });
    }

    private static void closeIfDone(Side side) {
        Channel channel = side.channel;
        if (channel != null && side.outputDone && side.inputEnded) {
            channel.close();
        }
    }

    private static void linger(Channel channel) {
        if (channel.isActive()) {
            var timeout = channel.eventLoop().schedule(() -> channel.close(), LINGER_SECONDS, TimeUnit.SECONDS);
            channel.closeFuture().addListener(closed -> timeout.cancel(false));
        }
    }

    private void gone(Side side) {
        side.inputEnded = true;
        Side rest = other(side);
        Channel channel = rest.channel;
        Channel own = side.channel;
        if (channel == null || own == null) {
            // Not joined yet; join() sees that the channel is closed.
            return;
        }
        if (!channel.isActive()) {
            end();
            return;
        }
        if (!rest.peerGone) {
            rest.peerGone = true;
            channel.config().setAutoRead(true);
            if (rest.outputDone) {
                closeIfDone(rest);
                linger(channel);
            } else {
                shutOutput(rest);
            }
        }
    }

    private void end() {
        if (!ended) {
            ended = true;
            observer.ended();
        }
    }

    private final class Side extends ChannelInboundHandlerAdapter {
        private @Nullable Channel channel;
        private boolean inputEnded;
        private boolean outputShut;
        private boolean outputDone;
        private boolean peerGone;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            if (peerGone) {
                // Nobody is there to take it.
                data.release();
                ctx.close();
                return;
            }
            Channel to = other(this).channel;
            if (to == null) {
                early(data);
                return;
            }
            int bytes = data.readableBytes();
            if (this == client) {
                observer.fromClient(bytes);
            } else {
                observer.toClient(bytes);
            }
            to.write(data, to.voidPromise());
            if (!to.isWritable()) {
                ctx.channel().config().setAutoRead(false);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            Channel to = other(this).channel;
            if (to != null) {
                to.flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            Channel from = other(this).channel;
            if (from != null && from.isActive()) {
                from.config().setAutoRead(ctx.channel().isWritable() || other(this).peerGone);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                inputEnded(this);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            gone(this);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // A reset: what was received is passed on, and the end of it as an end of the stream.
            ctx.close();
        }
    }
}
