package io.milepost.bench.peer;

import io.milepost.bench.mesh.BenchMesh;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.File;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The floor: ends TLS, and sends the bytes on over another TLS connection, one for one; nothing in it knows HTTP. What a proxy
 * on this stack costs above it is what HTTP/2, the tunnels and HTTP/1.1 cost.
 */
public final class RelayMain {
    private RelayMain() {}

    /** Arguments: address, address of the pod, root, certificate, key. */
    public static void main(String[] args) throws Exception {
        String address = args[0];
        String pod = args[1];
        File root = new File(args[2]);
        File chain = new File(args[3]);
        File key = new File(args[4]);
        ApplicationProtocolConfig alpn = new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                ApplicationProtocolNames.HTTP_2);
        SslContext server = SslContextBuilder.forServer(chain, key)
                .trustManager(root)
                .clientAuth(ClientAuth.REQUIRE)
                .protocols("TLSv1.3")
                .applicationProtocolConfig(alpn)
                .build();
        SslContext client = SslContextBuilder.forClient()
                .keyManager(chain, key)
                .trustManager(root)
                // Pods are known by their SPIFFE name, which host name verification knows nothing of.
                .endpointIdentificationAlgorithm(null)
                .protocols("TLSv1.3")
                .applicationProtocolConfig(alpn)
                .build();
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(
                Runtime.getRuntime().availableProcessors(), EpollIoHandler.newFactory());
        Channel bound = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline()
                                .addLast(
                                        server.newHandler(ch.alloc()),
                                        new FlushConsolidationHandler(256, true),
                                        new Front(client, pod));
                    }
                })
                .bind(address, BenchMesh.HBONE)
                .sync()
                .channel();
        bound.closeFuture().sync();
    }

    /** One direction of a pair; reads stop while the other side cannot take more. */
    private static class Half extends ChannelInboundHandlerAdapter {
        @Nullable
        Channel other;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            Channel to = other;
            if (to == null) {
                ReferenceCountUtil.release(message);
            } else {
                to.write(message, to.voidPromise());
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            Channel to = other;
            if (to != null) {
                to.flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            Channel from = other;
            if (from != null) {
                from.config().setAutoRead(ctx.channel().isWritable());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            Channel to = other;
            if (to != null) {
                to.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** The client's side; connects to the pod when TLS is up. */
    private static final class Front extends Half {
        private final SslContext client;
        private final String pod;
        private final Deque<Object> early = new ArrayDeque<>();

        Front(SslContext client, String pod) {
            this.client = client;
            this.pod = pod;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (other == null) {
                early.add(message);
            } else {
                super.channelRead(ctx, message);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
                Half back = new Half();
                back.other = ctx.channel();
                new Bootstrap()
                        .group(ctx.channel().eventLoop())
                        .channel(EpollSocketChannel.class)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .handler(new ChannelInitializer<Channel>() {
                            @Override
                            protected void initChannel(Channel ch) {
                                ch.pipeline()
                                        .addLast(
                                                client.newHandler(ch.alloc()),
                                                new FlushConsolidationHandler(256, true),
                                                back);
                            }
                        })
                        .connect(pod, BenchMesh.HBONE)
                        .addListener((io.netty.channel.ChannelFuture f) -> {
                            if (!f.isSuccess()) {
                                ctx.close();
                                return;
                            }
                            other = f.channel();
                            for (Object m = early.poll(); m != null; m = early.poll()) {
                                f.channel().write(m, f.channel().voidPromise());
                            }
                            f.channel().flush();
                        });
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            early.forEach(ReferenceCountUtil::release);
            early.clear();
            super.channelInactive(ctx);
        }
    }
}
