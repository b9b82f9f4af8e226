package io.milepost.testbed.load;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaders;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.util.EventLoopGroups;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerPort;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * One application pod: on 9080 HTTP/1.1 and h2c, on 9000 TCP that says back what it hears. {@code /slow} answers after
 * {@code x-delay-ms}; requests of type application/grpc get their message back with status 0.
 */
final class LoadApp implements AutoCloseable {
    static final int HTTP = 9080;
    static final int TCP = 9000;

    private final Server http;
    private final Channel tcp;

    /** @param loops of NIO channels, for TCP */
    LoadApp(String name, String ip, EventLoopGroup loops) {
        http = Server.builder()
                .port(new ServerPort(new InetSocketAddress(ip, HTTP), SessionProtocol.HTTP))
                .workerGroup(EventLoopGroups.newEventLoopGroup(1, "load-app"), true)
                .idleTimeoutMillis(0)
                .requestTimeoutMillis(0)
                .maxRequestLength(0)
                .meterRegistry(new CompositeMeterRegistry())
                .gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO)
                .service("/slow", (ctx, request) -> {
                    long millis = Long.parseLong(request.headers().get("x-delay-ms", "1000"));
                    return HttpResponse.delayed(HttpResponse.of("slow " + name + "\n"), Duration.ofMillis(millis));
                })
                .service("prefix:/", (ctx, request) -> {
                    MediaType type = request.contentType();
                    if (type == null || !type.is(MediaType.parse("application/grpc"))) {
                        return HttpResponse.of(request.aggregate()
                                .thenApply(r -> HttpResponse.of(HttpStatus.OK, MediaType.PLAIN_TEXT, name + "\n")));
                    }
                    return HttpResponse.of(request.aggregate()
                            .thenApply(r -> HttpResponse.of(
                                    ResponseHeaders.of(
                                            HttpStatus.OK, "content-type", "application/grpc", "x-pod", name),
                                    HttpData.wrap(r.content().array()),
                                    HttpHeaders.of("grpc-status", "0"))));
                })
                .build();
        http.start().join();
        tcp = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline().addLast(new Echo());
                    }
                })
                .bind(ip, TCP)
                .syncUninterruptibly()
                .channel();
    }

    @Override
    public void close() {
        http.close();
        tcp.close().syncUninterruptibly();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a failed write ends the channel
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.write(message, ctx.voidPromise());
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
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
