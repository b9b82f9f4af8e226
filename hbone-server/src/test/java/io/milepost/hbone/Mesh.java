package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Servers and clients of one test, over real sockets with real TLS. Registered as an extension of the test, it closes behind
 * it whatever the test started, after the test's own {@code @AfterEach}.
 */
@SuppressWarnings({"FutureReturnValueIgnored", "NonAtomicVolatileUpdate"})
final class Mesh implements AfterEachCallback {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(40));
    }

    final TestCa ca = new TestCa();
    final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    /** For tunnels that may share a connection. */
    final EventLoop loop = loops.next();

    private final List<AutoCloseable> open = new ArrayList<>();

    HboneServerBuilder serverBuilder(HboneTunnelService service) {
        return HboneServer.builder()
                .addresses(new InetSocketAddress("127.1.1.3", 0))
                .certificates(ca.workload(TestCa.id("server")))
                .workerGroup(loops)
                .handshakeTimeout(PATIENCE)
                .service(service);
    }

    HboneServer server(HboneTunnelService service) {
        return started(serverBuilder(service));
    }

    HboneServer started(HboneServerBuilder builder) {
        HboneServer server = builder.start();
        open.add(server);
        return server;
    }

    HboneClient client() {
        return built(clientBuilder());
    }

    HboneClientBuilder clientBuilder() {
        return HboneClient.builder()
                .certificates(ca.workload(TestCa.id("client")))
                // A busy machine is no failure.
                .connectTimeout(PATIENCE)
                .handshakeTimeout(PATIENCE)
                .answerTimeout(PATIENCE);
    }

    HboneClient built(HboneClientBuilder builder) {
        HboneClient client = builder.build();
        open.add(client);
        return client;
    }

    static TunnelTarget target(HboneServer server) {
        return target(server, List.of(TestCa.id("server")));
    }

    static TunnelTarget target(HboneServer server, List<String> identities) {
        return new TunnelTarget(server.addresses().getFirst(), identities, "10.0.0.1:80");
    }

    /** A client that writes what it likes. */
    RawPeer raw(HboneServer server) throws Exception {
        return RawPeer.connect(loops, server.addresses().getFirst(), RawPeer.Tls.of(ca, "raw"));
    }

    /** A server that answers what the test likes; each connection is given to the consumer before its first frame. */
    TunnelTarget rawServer(Http2Settings settings, Consumer<RawPeer> onPeer) throws Exception {
        Channel listener = RawPeer.listen(
                loops, new InetSocketAddress("127.1.1.3", 0), RawPeer.Tls.of(ca, "server"), settings, onPeer);
        return new TunnelTarget(
                (InetSocketAddress) listener.localAddress(), List.of(TestCa.id("server")), "10.0.0.1:80");
    }

    Channel opened(HboneClient client, TunnelTarget target) throws Exception {
        return open(client, loop, target, new Collector()).get(30, TimeUnit.SECONDS);
    }

    void fails(HboneClient client, TunnelTarget target, TunnelException.Kind kind, int status, String text) {
        assertThat(open(client, loop, target, new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .havingCause()
                .isInstanceOfSatisfying(TunnelException.class, e -> {
                    assertThat(e.kind()).isEqualTo(kind);
                    assertThat(e.status()).isEqualTo(status);
                    assertThat(e).hasMessageContaining(text);
                });
    }

    /** Opens a tunnel from any thread. */
    CompletableFuture<Channel> open(HboneClient client, TunnelTarget target, ChannelHandler handler) {
        return open(client, loops.next(), target, handler);
    }

    CompletableFuture<Channel> open(HboneClient client, EventLoop loop, TunnelTarget target, ChannelHandler handler) {
        CompletableFuture<Channel> result = new CompletableFuture<>();
        loop.execute(() -> client.open(loop, target, handler).addListener((Future<Channel> done) -> {
            if (done.isSuccess()) {
                result.complete(done.getNow());
            } else {
                result.completeExceptionally(done.cause());
            }
        }));
        return result;
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    }

    /** Sends back what comes, with back-pressure, and ends when the peer ends. */
    static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ChannelFuture _ = ctx.write(msg);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(ctx.channel().isWritable());
            ctx.fireChannelWritabilityChanged();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ((DuplexChannel) ctx.channel()).shutdownOutput();
            }
        }
    }

    /** Tells how a tunnel ended. */
    abstract static class Ending extends ChannelInboundHandlerAdapter {
        final CompletableFuture<Void> inputEnded = new CompletableFuture<>();
        final CompletableFuture<Void> closed = new CompletableFuture<>();

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                inputEnded.complete(null);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            closed.complete(null);
        }
    }

    /** Reads nothing until the test switches reading on; counts then. */
    static class Unread extends Ending {
        private final AtomicLong bytes = new AtomicLong();

        long bytes() {
            return bytes.get();
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(false);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf data = (ByteBuf) msg;
            bytes.addAndGet(data.readableBytes());
            data.release();
        }
    }

    /** Gathers what comes. */
    static final class Collector extends Ending {
        private volatile String text = "";

        String text() {
            return text;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf data = (ByteBuf) msg;
            text = text + data.toString(StandardCharsets.UTF_8);
            data.release();
        }
    }

    static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }
}
