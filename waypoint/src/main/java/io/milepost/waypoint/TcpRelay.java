package io.milepost.waypoint;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The two sides of a raw TCP connection: bytes pass from one to the other, each direction ends by itself, and a slow reader
 * stops the other side's reading. Nothing passes before {@link #join}, nor after a last word was asked for. One event loop.
 */
final class TcpRelay {
    /** A client that sends nothing does not keep a connection that is over for longer. */
    private static final long LAST_WORD_SECONDS = 5;

    private final EventLoop loop;
    private final TcpFacts facts;
    private final Runnable ended;
    private final List<ByteBuf> early = new ArrayList<>(1);
    private @Nullable Channel downstream;
    private @Nullable Channel upstream;
    /** How it ends as soon as the client speaks. */
    private @Nullable Runnable lastWord;

    private @Nullable ScheduledFuture<?> lastWordTimer;

    private boolean halfClosedEarly;
    private boolean deaf;
    private boolean released;

    /**
     * @param facts where bytes are counted
     * @param ended told when either side is gone; may be told twice
     */
    TcpRelay(EventLoop loop, TcpFacts facts, Runnable ended) {
        this.loop = loop;
        this.facts = facts;
        this.ended = ended;
    }

    /** Handler of the client's tunnel or of the connection to the endpoint. */
    ChannelInboundHandlerAdapter side(boolean fromClient) {
        return new Side(fromClient);
    }

    @Nullable
    Channel downstream() {
        return downstream;
    }

    void downstream(@Nullable Channel tunnel) {
        downstream = tunnel;
    }

    /** What the endpoint says is not for this client. */
    void ignoreEndpoint() {
        deaf = true;
    }

    /** Bytes that came before the endpoint was connected. */
    void early(ByteBuf data) {
        if (released) {
            data.release();
            return;
        }
        facts.received(data.readableBytes());
        early.add(data);
        Channel d = downstream;
        if (d != null) {
            // The rest waits at the client until the endpoint is connected.
            d.config().setAutoRead(false);
        }
    }

    /** The endpoint is connected; whether anything passes is still open. */
    void upstream(Channel up) {
        upstream = up;
    }

    /** Passes on what came early, and from then on everything. */
    void join(Channel down, Channel up) {
        for (ByteBuf b : early) {
            up.write(b);
        }
        early.clear();
        up.flush();
        if (halfClosedEarly && up instanceof DuplexChannel d) {
            // Behind what waits for room: shutting down a socket's output drops it.
            up.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> d.shutdownOutput());
        }
        down.config().setAutoRead(true);
    }

    /** Does it when the client has said something, which may be so already; what it says is dropped. */
    void onWord(Runnable end) {
        Channel down = downstream;
        if (down == null || !early.isEmpty() || halfClosedEarly) {
            end.run();
            return;
        }
        lastWord = end;
        down.config().setAutoRead(true);
        lastWordTimer = loop.schedule(this::sayLastWord, LAST_WORD_SECONDS, TimeUnit.SECONDS);
    }

    private void sayLastWord() {
        Runnable r = lastWord;
        if (r != null && !released) {
            r.run();
        }
    }

    void closeUpstream() {
        Channel u = upstream;
        if (u != null) {
            u.close();
        }
    }

    /** Drops what came early and was not passed on. */
    void release() {
        released = true;
        if (lastWordTimer != null) {
            lastWordTimer.cancel(false);
        }
        for (ByteBuf b : early) {
            b.release();
        }
        early.clear();
    }

    private final class Side extends ChannelInboundHandlerAdapter {
        private final boolean fromClient;

        Side(boolean fromClient) {
            this.fromClient = fromClient;
        }

        private @Nullable Channel peer() {
            return fromClient ? upstream : downstream;
        }

        @Override
        public void channelRead(ChannelHandlerContext c, Object msg) {
            ByteBuf data = (ByteBuf) msg;
            Channel p = peer();
            if (lastWord != null || (deaf && !fromClient)) {
                int n = data.readableBytes();
                data.release();
                if (fromClient) {
                    facts.received(n);
                    sayLastWord();
                }
            } else if (p != null) {
                count(data.readableBytes());
                p.write(data);
                if (!p.isWritable()) {
                    p.flush();
                    c.channel().config().setAutoRead(p.isWritable());
                }
            } else if (fromClient) {
                early(data);
            } else {
                count(data.readableBytes());
                data.release();
            }
        }

        private void count(int bytes) {
            if (fromClient) {
                facts.received(bytes);
            } else {
                facts.sent(bytes);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext c) {
            Channel p = peer();
            if (p != null) {
                p.flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext c) {
            Channel p = peer();
            if (p != null) {
                p.config().setAutoRead(c.channel().isWritable());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext c, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                Channel p = peer();
                if (lastWord != null) {
                    sayLastWord();
                } else if (p instanceof DuplexChannel d) {
                    p.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> {
                        d.shutdownOutput();
                        if (d.isInputShutdown()) {
                            d.close();
                            c.close();
                        }
                    });
                } else if (p == null) {
                    halfClosedEarly = true;
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext c) {
            Channel p = peer();
            if (p != null && p.isActive()) {
                p.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
            ended.run();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext c, Throwable cause) {
            c.close();
        }
    }
}
