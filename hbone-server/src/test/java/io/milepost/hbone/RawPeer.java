package io.milepost.hbone;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a connection without any of the library's code: writes whatever frames the test wants and tells every
 * frame that comes as a line of text, for example {@code HEADERS 3 :status=404 END}.
 */
@SuppressWarnings("FutureReturnValueIgnored")
final class RawPeer {
    private final BlockingQueue<String> frames = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Http2ConnectionHandler handler;
    private volatile @Nullable ChannelHandlerContext ctx;
    private volatile @Nullable Consumer<String> script;
    private volatile boolean keepCredit;

    private RawPeer(boolean server, Http2Settings settings, boolean answerPings) {
        handler = new HandlerBuilder(server, settings, answerPings, new Recorder()).build();
    }

    private static final class HandlerBuilder
            extends AbstractHttp2ConnectionHandlerBuilder<Http2ConnectionHandler, HandlerBuilder> {
        HandlerBuilder(boolean server, Http2Settings settings, boolean answerPings, Http2FrameListener listener) {
            connection(new DefaultHttp2Connection(server));
            frameListener(listener);
            initialSettings(settings);
            validateHeaders(false);
            autoAckPingFrame(answerPings);
            gracefulShutdownTimeoutMillis(0);
            decoderEnforceMaxRstFramesPerWindow(0, 0);
            encoderEnforceMaxRstFramesPerWindow(0, 0);
        }

        @Override
        protected Http2ConnectionHandler build() {
            return super.build();
        }

        @Override
        protected Http2ConnectionHandler build(
                Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
            return new Http2ConnectionHandler(decoder, encoder, settings, false) {};
        }
    }

    /** What a raw client offers in its handshake. */
    record Tls(WorkloadCertificates.@Nullable Bundle ours, X509Certificate root, String version, List<String> alpn) {
        static Tls of(TestCa ca, String account) {
            return new Tls(ca.workload(TestCa.id(account)).current(), ca.root, "TLSv1.3", List.of("h2"));
        }

        Tls version(String value) {
            return new Tls(ours, root, value, alpn);
        }

        Tls offering(String... values) {
            return new Tls(ours, root, version, List.of(values));
        }

        Tls certificate(WorkloadCertificates.@Nullable Bundle value) {
            return new Tls(value, root, version, alpn);
        }

        SslContext context(boolean server) throws Exception {
            SslContextBuilder builder;
            if (server) {
                WorkloadCertificates.Bundle bundle = Objects.requireNonNull(ours, "a server needs a certificate");
                builder = SslContextBuilder.forServer(
                                bundle.key(), bundle.chain().toArray(X509Certificate[]::new))
                        .clientAuth(ClientAuth.REQUIRE);
            } else {
                builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
                if (ours != null) {
                    builder.keyManager(ours.key(), ours.chain().toArray(X509Certificate[]::new));
                }
            }
            builder.sslProvider(SslProvider.OPENSSL).trustManager(root).protocols(version);
            if (!alpn.isEmpty()) {
                builder.applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        alpn));
            }
            return builder.build();
        }
    }

    static Http2Settings clientSettings() {
        return new Http2Settings()
                .pushEnabled(false)
                .initialWindowSize(4 << 20)
                .maxFrameSize(1 << 20)
                .maxHeaderListSize(16 << 10);
    }

    static Http2Settings serverSettings() {
        return new Http2Settings()
                .maxConcurrentStreams(200)
                .initialWindowSize(4 << 20)
                .maxFrameSize(1 << 20);
    }

    /** A server that answers each CONNECT with 200. */
    void answerAll() {
        answer("200");
    }

    void answer(String status) {
        script(frame -> {
            if (frame.startsWith("HEADERS ")) {
                sendHeaders(streamOf(frame), headers(":status", status), !status.equals("200"));
            }
        });
    }

    static int streamOf(String frame) {
        return Integer.parseInt(frame.split(" ")[1]);
    }

    static RawPeer connect(EventLoopGroup loops, InetSocketAddress address, Tls tls) throws Exception {
        return connect(loops, address, tls, clientSettings(), true);
    }

    static RawPeer connect(
            EventLoopGroup loops, InetSocketAddress address, Tls tls, Http2Settings settings, boolean answerPings)
            throws Exception {
        RawPeer peer = new RawPeer(false, settings, answerPings);
        SslContext context = tls.context(false);
        new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                // What nobody reads stays with the sender.
                .option(ChannelOption.SO_RCVBUF, 16 << 10)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        peer.install(channel, context.newHandler(channel.alloc()));
                    }
                })
                .connect(address)
                .sync();
        return peer;
    }

    /** Listens; each connection is given to the consumer before its first frame. */
    static Channel listen(
            EventLoopGroup loops, InetSocketAddress address, Tls tls, Http2Settings settings, Consumer<RawPeer> onPeer)
            throws Exception {
        return listen(loops, address, tls, settings, true, onPeer);
    }

    static Channel listen(
            EventLoopGroup loops,
            InetSocketAddress address,
            Tls tls,
            Http2Settings settings,
            boolean answerPings,
            Consumer<RawPeer> onPeer)
            throws Exception {
        SslContext context = tls.context(true);
        return new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        RawPeer peer = new RawPeer(true, settings, answerPings);
                        onPeer.accept(peer);
                        peer.install(channel, context.newHandler(channel.alloc()));
                    }
                })
                .bind(address)
                .sync()
                .channel();
    }

    private void install(Channel channel, SslHandler tls) {
        tls.setHandshakeTimeoutMillis(60_000);
        channel.pipeline().addLast(tls, handler, new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                Throwable root = cause;
                while (root.getCause() != null) {
                    root = root.getCause();
                }
                add("ERROR " + root.getMessage());
                context.close();
            }
        });
        ctx = channel.pipeline().context(handler);
        channel.closeFuture().addListener(done -> {
            add("CLOSED");
            closed.complete(null);
        });
    }

    /** Gives no flow-control credit back, like an application that does not read. */
    RawPeer keepCredit() {
        keepCredit = true;
        return this;
    }

    /** Called on the event loop for each frame that comes. */
    RawPeer script(Consumer<String> value) {
        script = value;
        return this;
    }

    private ChannelHandlerContext ctx() {
        return Objects.requireNonNull(ctx, "not connected yet");
    }

    Channel channel() {
        return ctx().channel();
    }

    CompletableFuture<Void> closed() {
        return closed;
    }

    /** Frames that came and were not awaited yet. */
    BlockingQueue<String> frames() {
        return frames;
    }

    /** The next frame that starts with the text; others before it are dropped. */
    String await(String start) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        StringBuilder seen = new StringBuilder();
        while (true) {
            String frame = frames.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (frame == null) {
                throw new AssertionError("no frame '" + start + "' came, but:" + seen);
            }
            if (frame.startsWith(start)) {
                return frame;
            }
            seen.append("\n  ").append(frame);
        }
    }

    static Http2Headers connectTo(String authority) {
        return new DefaultHttp2Headers(false).method("CONNECT").authority(authority);
    }

    static Http2Headers headers(String... namesAndValues) {
        Http2Headers headers = new DefaultHttp2Headers(false);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers;
    }

    void sendHeaders(int stream, Http2Headers headers, boolean end) {
        run(() -> handler.encoder().writeHeaders(ctx(), stream, headers, 0, end, ctx().newPromise()));
    }

    void sendData(int stream, ByteBuf data, boolean end) {
        run(() -> handler.encoder().writeData(ctx(), stream, data, 0, end, ctx().newPromise()));
    }

    void sendData(int stream, String text, boolean end) {
        sendData(stream, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8), end);
    }

    /** From here on the peer's limits are its own business. */
    void ignoreLimits() {
        run(() -> {
            handler.connection().local().maxActiveStreams(Integer.MAX_VALUE);
            try {
                handler.encoder().configuration().headersConfiguration().maxHeaderListSize(1 << 20);
            } catch (Http2Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    void sendBytesOneByOne(int stream, int count) {
        for (int i = 0; i < count; i++) {
            handler.encoder()
                    .frameWriter()
                    .writeData(ctx(), stream, Unpooled.wrappedBuffer(new byte[1]), 0, false, ctx().newPromise());
        }
    }

    /** Two increments that no window can hold. */
    void overflowWindow(int stream) {
        handler.encoder().frameWriter().writeWindowUpdate(ctx(), stream, Integer.MAX_VALUE, ctx().newPromise());
    }

    void sendReset(int stream, Http2Error error) {
        run(() -> handler.encoder().writeRstStream(ctx(), stream, error.code(), ctx().newPromise()));
    }

    void sendGoAway(int lastStream, Http2Error error) {
        run(() -> handler.encoder()
                .writeGoAway(ctx(), lastStream, error.code(), Unpooled.EMPTY_BUFFER, ctx().newPromise()));
    }

    void run(Runnable action) {
        EventLoop loop = ctx().channel().eventLoop();
        if (!loop.inEventLoop()) {
            loop.execute(() -> run(action));
            return;
        }
        action.run();
        // Not ctx.flush(): DATA waits in the handler's flow controller.
        handler.flush(ctx());
    }

    void closeAndWait() throws Exception {
        ctx().channel().close().sync();
    }

    void sendPadded(int stream, String text, int padding) {
        run(() -> handler.encoder()
                .writeData(
                        ctx(),
                        stream,
                        Unpooled.copiedBuffer(text, StandardCharsets.UTF_8),
                        padding,
                        false,
                        ctx().newPromise()));
    }

    private void add(String frame) {
        frames.add(frame);
        Consumer<String> current = script;
        if (current != null) {
            current.accept(frame);
        }
    }

    private final class Recorder extends Http2EventAdapter {
        @Override
        public void onHeadersRead(
                ChannelHandlerContext context, int streamId, Http2Headers headers, int padding, boolean end) {
            StringBuilder text = new StringBuilder("HEADERS ").append(streamId);
            headers.forEach(e -> text.append(' ').append(e.getKey()).append('=').append(e.getValue()));
            add(text.append(end ? " END" : "").toString());
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context,
                int streamId,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean end) {
            onHeadersRead(context, streamId, headers, padding, end);
        }

        @Override
        public int onDataRead(ChannelHandlerContext context, int streamId, ByteBuf data, int padding, boolean end) {
            String text =
                    data.readableBytes() > 64 ? data.readableBytes() + " bytes" : data.toString(StandardCharsets.UTF_8);
            add("DATA " + streamId + (text.isEmpty() ? "" : " " + text) + (end ? " END" : ""));
            return keepCredit ? 0 : data.readableBytes() + padding;
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int streamId, long errorCode) {
            add("RST " + streamId + " " + Http2Error.valueOf(errorCode));
        }

        @Override
        public void onSettingsRead(ChannelHandlerContext context, Http2Settings settings) {
            add("SETTINGS " + settings);
        }

        @Override
        public void onPingRead(ChannelHandlerContext context, long data) {
            add("PING");
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext context, int lastStreamId, long errorCode, ByteBuf debug) {
            add("GOAWAY " + lastStreamId + " " + Http2Error.valueOf(errorCode));
        }

        @Override
        public void onWindowUpdateRead(ChannelHandlerContext context, int streamId, int increment) {
            add("WINDOW_UPDATE " + streamId + " " + increment);
        }
    }
}
