package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.waypoint.ProtocolDetector.Protocol;
import io.milepost.waypoint.ProtocolDetector.Undeclared;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The detection time, over sockets. Envoy closes a connection of an undeclared port that stays silent for 15 s
 * (waypoint-behaviour 286); here it becomes TCP, so that protocols in which the server speaks first work.
 */
class ProtocolDetectorTest {
    private static final long NEVER = TimeUnit.HOURS.toMillis(1);

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final BlockingQueue<String> decided = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** @param millis the detection time; negative for a port that is declared as HTTP */
    private Socket connect(long millis) throws IOException {
        Undeclared undeclared = millis < 0 ? null : new Undeclared(millis, this::openTcp);
        Channel listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel c) {
                        c.pipeline().addLast(new ProtocolDetector(undeclared, ProtocolDetectorTest.this::http));
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
        Socket s =
                new Socket(InetAddress.getLoopbackAddress(), ((InetSocketAddress) listening.localAddress()).getPort());
        s.setSoTimeout(10_000);
        return s;
    }

    private EarlyBytes openTcp(Channel tunnel) {
        tunnel.writeAndFlush(Unpooled.copiedBuffer("220 ready", StandardCharsets.US_ASCII));
        decided.add("TCP");
        return data -> {
            decided.add("early " + data.toString(StandardCharsets.US_ASCII));
            data.release();
        };
    }

    private ChannelInboundHandlerAdapter http(Protocol p) {
        decided.add(p.toString());
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext c, Object msg) {
                ((ByteBuf) msg).release();
                c.writeAndFlush(Unpooled.copiedBuffer("answer", StandardCharsets.US_ASCII));
            }
        };
    }

    private static void send(Socket s, String text) throws IOException {
        s.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String receive(Socket s, int bytes) throws IOException {
        return new String(s.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
    }

    private @Nullable String next() throws InterruptedException {
        return decided.poll(10, TimeUnit.SECONDS);
    }

    @Test
    @DisplayName("a client that stays silent: TCP after the detection time, and the server may speak first")
    void silence() throws Exception {
        try (Socket s = connect(50)) {
            assertThat(receive(s, 9)).isEqualTo("220 ready");
            assertThat(next()).isEqualTo("TCP");
            assertThat(decided).isEmpty();
        }
    }

    @Test
    @DisplayName("half a request line and silence: TCP after the detection time, with what came")
    void halfALine() throws Exception {
        try (Socket s = connect(100)) {
            send(s, "GET / HT");
            assertThat(next()).isEqualTo("TCP");
            assertThat(next()).isEqualTo("early GET / HT");
            assertThat(receive(s, 9)).isEqualTo("220 ready");
        }
    }

    @Test
    @DisplayName("what is told by its first bytes waits for nothing")
    void atOnce() throws Exception {
        try (Socket s = connect(NEVER)) {
            send(s, "GET / HTTP/1.1\r\n");
            assertThat(next()).isEqualTo("HTTP1");
            assertThat(receive(s, 6)).isEqualTo("answer");
        }
        try (Socket s = connect(NEVER)) {
            send(s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            assertThat(next()).isEqualTo("HTTP2");
        }
        try (Socket s = connect(NEVER)) {
            send(s, "\u0016\u0003\u0001");
            assertThat(next()).isEqualTo("TCP");
        }
    }

    @Test
    @DisplayName("a declared HTTP port has no detection time")
    void declared() throws Exception {
        try (Socket s = connect(-1)) {
            assertThat(decided.poll(200, TimeUnit.MILLISECONDS)).isNull();
            send(s, "GET / HTTP/1.1\r\n");
            assertThat(next()).isEqualTo("HTTP1");
        }
    }
}
