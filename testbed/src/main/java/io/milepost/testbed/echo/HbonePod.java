package io.milepost.testbed.echo;

import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.EchoRecords.Header;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** A pod's own ztunnel reduced to its inbound half: ends HBONE on podIP:15008, notes each CONNECT, and hands the bytes to the address that it names. */
@SuppressWarnings("FutureReturnValueIgnored")
public final class HbonePod implements AutoCloseable {
    /** Where HBONE is spoken. */
    public static final int PORT = 15008;

    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

    private HbonePod() {}

    /** Starts the listener of one pod with the identity of its service account. */
    public static HbonePod start(
            String pod, String ip, TestCa ca, TestCa.Leaf identity, EchoRecords records, EventLoopGroup group) {
        HbonePod hbone = new HbonePod();
        SslContext tls;
        try {
            tls = SslContextBuilder.forServer(
                            identity.cert().toFile(), identity.key().toFile())
                    .trustManager(ca.root().toFile())
                    .clientAuth(ClientAuth.REQUIRE)
                    .protocols("TLSv1.3")
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            ApplicationProtocolNames.HTTP_2))
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("TLS of pod " + pod + ": cannot use " + identity.cert(), e);
        }
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        hbone.channels.add(ch);
                        SslHandler ssl = tls.newHandler(ch.alloc());
                        Http2Settings settings = Http2Settings.defaultSettings().maxConcurrentStreams(100);
                        settings.put((char) 8, Long.valueOf(1)); // ENABLE_CONNECT_PROTOCOL, as a real ztunnel sends it
                        ch.pipeline()
                                .addLast(
                                        ssl,
                                        Http2FrameCodecBuilder.forServer()
                                                .validateHeaders(false)
                                                // a proxy under test may reset as many streams as it likes
                                                .decoderEnforceMaxRstFramesPerWindow(0, 0)
                                                .decoderEnforceMaxConsecutiveEmptyDataFrames(0)
                                                .initialSettings(settings)
                                                .build(),
                                        new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
                                            @Override
                                            protected void initChannel(Channel stream) {
                                                stream.pipeline().addLast(new Inbound(pod, ssl, records));
                                            }
                                        }),
                                        new Closer());
                    }
                })
                .bind(ip, PORT)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            hbone.close();
            throw new IllegalStateException(
                    "pod " + pod + " cannot listen on " + ip + ":" + PORT + ": is another testbed running?",
                    bound.cause());
        }
        hbone.channels.add(bound.channel());
        return hbone;
    }

    @Override
    public void close() {
        channels.close().syncUninterruptibly();
    }

    private static List<String> uris(SslHandler ssl) {
        List<String> out = new ArrayList<>();
        try {
            X509Certificate leaf = (X509Certificate) ssl.engine().getSession().getPeerCertificates()[0];
            Collection<List<?>> names = leaf.getSubjectAlternativeNames();
            for (List<?> name : names == null ? List.<List<?>>of() : names) {
                if (Integer.valueOf(6).equals(name.get(0))) {
                    out.add(String.valueOf(name.get(1)));
                }
            }
        } catch (SSLPeerUnverifiedException | CertificateParsingException e) {
            out.add("unreadable: " + e.getMessage());
        }
        return out;
    }

    /** One stream: from CONNECT to the end of both directions. */
    private static final class Inbound extends ChannelInboundHandlerAdapter {
        private final String pod;
        private final SslHandler ssl;
        private final EchoRecords records;
        private final List<ByteBuf> early = new ArrayList<>();
        private boolean earlyEnd;
        private @Nullable Channel app;

        Inbound(String pod, SslHandler ssl, EchoRecords records) {
            this.pod = pod;
            this.ssl = ssl;
            this.records = records;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof Http2HeadersFrame h) {
                connect(ctx, h.headers());
            } else if (msg instanceof Http2DataFrame d) {
                boolean end = d.isEndStream();
                if (app == null) {
                    early.add(d.content());
                    earlyEnd |= end;
                } else {
                    app.writeAndFlush(d.content());
                    if (end) {
                        shutdownOutput(app);
                    }
                }
            } else {
                ReferenceCountUtil.release(msg);
            }
        }

        private void connect(ChannelHandlerContext ctx, Http2Headers headers) {
            List<Header> list = new ArrayList<>();
            for (Map.Entry<CharSequence, CharSequence> e : headers) {
                list.add(new Header(e.getKey().toString(), e.getValue().toString()));
            }
            records.connected(new EchoRecords.Connect(pod, uris(ssl), list));
            String authority = String.valueOf(headers.authority());
            int colon = authority.lastIndexOf(':');
            int port;
            try {
                port = Integer.parseInt(authority.substring(colon + 1));
            } catch (NumberFormatException e) {
                port = -1;
            }
            if (colon <= 0 || port <= 0 || port > 65535) {
                refuse(ctx);
                return;
            }
            ctx.channel().config().setAutoRead(false);
            new Bootstrap()
                    .group(ctx.channel().eventLoop())
                    .channel(NioSocketChannel.class)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .handler(new FromApp(ctx.channel()))
                    .connect(authority.substring(0, colon), port)
                    .addListener((ChannelFuture f) -> {
                        if (!f.isSuccess()) {
                            refuse(ctx);
                            return;
                        }
                        opened(ctx, f.channel());
                    });
        }

        private void opened(ChannelHandlerContext ctx, Channel to) {
            if (!ctx.channel().isActive()) {
                to.close();
                return;
            }
            app = to;
            ctx.writeAndFlush(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers(false).status("200")));
            for (ByteBuf b : early) {
                to.writeAndFlush(b);
            }
            early.clear();
            if (earlyEnd) {
                shutdownOutput(to);
            }
            ctx.channel().config().setAutoRead(true);
        }

        private static void refuse(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers(false).status("503"), true));
        }

        private static void shutdownOutput(Channel to) {
            // After what is still being written.
            to.writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER)
                    .addListener(f -> ((SocketChannel) to).shutdownOutput());
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (app != null) {
                app.config().setAutoRead(ctx.channel().isWritable());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Http2ResetFrame && app != null) {
                app.close();
            }
            ctx.fireUserEventTriggered(event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            early.forEach(ReferenceCountUtil::release);
            early.clear();
            if (app != null) {
                app.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** The application's side of a tunnel. */
    private static final class FromApp extends ChannelInboundHandlerAdapter {
        private final Channel stream;
        private boolean ended;

        FromApp(Channel stream) {
            this.stream = stream;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            stream.writeAndFlush(new DefaultHttp2DataFrame((ByteBuf) msg));
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            stream.config().setAutoRead(ctx.channel().isWritable());
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent && !ended) {
                ended = true;
                stream.writeAndFlush(new DefaultHttp2DataFrame(true));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (!ended) {
                ended = true;
                stream.writeAndFlush(new DefaultHttp2DataFrame(true));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ended = true;
            stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR))
                    .addListener(ChannelFutureListener.CLOSE);
            ctx.close();
        }
    }

    /** A broken connection is closed without a word: what the peer saw of it is what tests look at. */
    private static final class Closer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ReferenceCountUtil.release(msg);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
