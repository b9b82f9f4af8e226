package io.milepost.waypoint.upstream;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/2 application (prior knowledge) that answers a request each time the test lets it, and counts connections. */
final class Http2GateServer implements AutoCloseable {
    private final Channel listening;
    private final Queue<ChannelHandlerContext> waiting = new ConcurrentLinkedQueue<>();
    final AtomicInteger accepted = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();

    Http2GateServer(EventLoopGroup group, int streams) {
        listening = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel c) {
                        accepted.incrementAndGet();
                        c.closeFuture().addListener(f -> closed.incrementAndGet());
                        c.pipeline()
                                .addLast(
                                        Http2FrameCodecBuilder.forServer()
                                                .initialSettings(new Http2Settings().maxConcurrentStreams(streams))
                                                .build(),
                                        new Http2MultiplexHandler(new Stream()));
                    }
                })
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
    }

    private final class Stream extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel c) {
            c.pipeline().addLast(new SimpleChannelInboundHandler<Http2HeadersFrame>() {
                @Override
                protected void channelRead0(ChannelHandlerContext ctx, Http2HeadersFrame msg) {
                    waiting.add(ctx);
                    requests.incrementAndGet();
                }
            });
        }
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    /** Answers that many of the requests that came and were not answered, oldest first. */
    void answer(int n) {
        for (int i = 0; i < n; i++) {
            ChannelHandlerContext c = waiting.poll();
            if (c == null) {
                throw new AssertionError("only " + i + " requests wait");
            }
            c.writeAndFlush(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200"), true));
        }
    }

    @Override
    public void close() {
        listening.close().syncUninterruptibly();
    }
}
