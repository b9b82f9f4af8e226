package io.milepost.testbed.echo;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One application pod on its own address: HTTP/1.1 and HTTP/2 (prior knowledge) on the same port, a TCP greeter on 9090 and 9091. Answers 200 with a JSON of what it saw; request headers steer it:
 * {@code x-echo-status}, {@code -delay-ms}, {@code -reset}, {@code -reset-first} (with {@code -id}), {@code -chunked} (with a trailer), {@code -body}, {@code -set: name=value}, {@code -fail-first} (with {@code -id}), {@code -fail-pod},
 * {@code -fail-status}, {@code -grpc-status}, {@code -grpc-first}.
 */
@SuppressWarnings("FutureReturnValueIgnored")
public final class EchoApp implements AutoCloseable {
    private static final String PREFACE = "PRI * HTTP/2.0";

    private final String pod;
    private final EchoRecords records;
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

    private EchoApp(String pod, EchoRecords records) {
        this.pod = pod;
        this.records = records;
    }

    /** Starts the pod's listeners; throws if an address is taken. */
    public static EchoApp start(String pod, String ip, List<Integer> ports, EchoRecords records, EventLoopGroup group) {
        EchoApp app = new EchoApp(pod, records);
        for (int port : ports) {
            ChannelFuture bound = new ServerBootstrap()
                    .group(group)
                    .channel(NioServerSocketChannel.class)
                    .option(ChannelOption.SO_BACKLOG, 1024)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel ch) {
                            app.channels.add(ch);
                            ch.pipeline()
                                    .addLast(port == 9090 || port == 9091 ? new Greeter(pod) : new Detect(app, port));
                        }
                    })
                    .bind(ip, port)
                    .awaitUninterruptibly();
            if (!bound.isSuccess()) {
                app.close();
                throw new IllegalStateException(
                        "pod " + pod + " cannot listen on " + ip + ":" + port + ": is another testbed running?",
                        bound.cause());
            }
            app.channels.add(bound.channel());
        }
        return app;
    }

    public String pod() {
        return pod;
    }

    EchoRecords records() {
        return records;
    }

    /** Closes the listeners and all connections. */
    @Override
    public void close() {
        channels.close().syncUninterruptibly();
    }

    /** Tells HTTP/2 by its preface from HTTP/1.1. */
    private static final class Detect extends ByteToMessageDecoder {
        private final EchoApp app;
        private final int port;

        Detect(EchoApp app, int port) {
            this.app = app;
            this.port = port;
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            int n = Math.min(in.readableBytes(), PREFACE.length());
            boolean same = in.toString(in.readerIndex(), n, StandardCharsets.ISO_8859_1)
                    .equals(PREFACE.substring(0, n));
            if (same && n < PREFACE.length()) {
                return;
            }
            if (same) {
                // The end of input ends an HTTP/2 connection.
                ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
                ctx.pipeline()
                        .addLast(
                                Http2FrameCodecBuilder.forServer()
                                        .validateHeaders(false)
                                        // a proxy under test may reset as many streams as it likes
                                        .decoderEnforceMaxRstFramesPerWindow(0, 0)
                                        .decoderEnforceMaxConsecutiveEmptyDataFrames(0)
                                        .initialSettings(Http2Settings.defaultSettings()
                                                .maxConcurrentStreams(100)
                                                .maxHeaderListSize(65536))
                                        .build(),
                                new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel stream) {
                                        stream.pipeline().addLast(new EchoHttp2(app, port));
                                    }
                                }));
            } else {
                ctx.pipeline().addLast(new EchoHttp1(app, port));
            }
            ctx.pipeline().remove(this);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
            if (event instanceof ChannelInputShutdownEvent) {
                ctx.close();
            } else {
                super.userEventTriggered(ctx, event);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** Plain TCP: greets with the pod's name once the client has spoken, echoes the rest. */
    private static final class Greeter extends ChannelInboundHandlerAdapter {
        private final String pod;
        private boolean greeted;

        Greeter(String pod) {
            this.pod = pod;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (!greeted) {
                greeted = true;
                ctx.write(Unpooled.copiedBuffer(pod + ":", StandardCharsets.US_ASCII));
            }
            ctx.write(msg);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            } else {
                ctx.fireUserEventTriggered(event);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
