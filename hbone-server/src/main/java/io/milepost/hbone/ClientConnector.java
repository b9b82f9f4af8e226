package io.milepost.hbone;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetAddress;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes HBONE connections of one event loop: over a new socket, or over a channel that exists. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ClientConnector {
    private static final Logger log = LoggerFactory.getLogger(ClientConnector.class);
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 << 10, 256 << 10);
    private static final int CONNECTION_WINDOW = 64 << 20;

    private final EventLoop loop;
    private final ClientSettings settings;
    private final ClientTls tls;

    ClientConnector(EventLoop loop, ClientSettings settings, ClientTls tls) {
        this.loop = loop;
        this.settings = settings;
        this.tls = tls;
    }

    void connect(TunnelTarget target, Consumer<ClientConnection> connected, Consumer<TunnelException> failed) {
        boolean epoll = loop instanceof IoEventLoop io && io.isIoType(EpollIoHandler.class);
        InetAddress source = settings.sourceAddress();
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, settings.connectTimeoutMillis())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) throws Exception {
                        install(channel.pipeline(), target, connected, failed);
                    }
                });
        if (source != null) {
            bootstrap.localAddress(source, 0);
            if (epoll) {
                // The port is chosen at connect, when the target is known: the same one may serve many targets.
                bootstrap.option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true);
            }
        }
        bootstrap.connect(target.address()).addListener(done -> {
            Throwable cause = done.cause();
            if (cause != null) {
                settings.metrics()
                        .count(
                                cause instanceof ConnectTimeoutException
                                        ? HboneMetrics.Counter.CONNECT_TIMEOUTS
                                        : HboneMetrics.Counter.CONNECT_FAILED);
                failed.accept(ClientErrors.connectFailed(target.address(), cause, settings.connectTimeoutMillis()));
            }
        });
    }

    /** Speaks HBONE over a channel that exists, for example a tunnel (double HBONE). */
    void connectOver(
            Channel outer,
            TunnelTarget target,
            Consumer<ClientConnection> connected,
            Consumer<TunnelException> failed) {
        try {
            install(outer.pipeline(), target, connected, failed);
        } catch (Exception e) {
            failed.accept(ClientErrors.handshakeFailed(target.address(), e));
            outer.close();
        }
    }

    private void install(
            ChannelPipeline pipeline,
            TunnelTarget target,
            Consumer<ClientConnection> connected,
            Consumer<TunnelException> failed)
            throws Exception {
        SslHandler ssl = tls.newHandler(pipeline.channel().alloc(), target.identities());
        ssl.setHandshakeTimeoutMillis(settings.handshakeTimeoutMillis());
        pipeline.addLast(ssl, new HandshakeHandler(target, connected, failed));
    }

    private final class HandshakeHandler extends ChannelInboundHandlerAdapter {
        private final TunnelTarget target;
        private final Consumer<ClientConnection> connected;
        private final Consumer<TunnelException> failed;
        private boolean connectedOnce;
        private boolean settled;

        HandshakeHandler(TunnelTarget target, Consumer<ClientConnection> connected, Consumer<TunnelException> failed) {
            this.target = target;
            this.connected = connected;
            this.failed = failed;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            connectedOnce = ctx.channel().isActive();
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            connectedOnce = true;
            ctx.fireChannelActive();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    settled = true;
                    connected.accept(establish(ctx));
                } else {
                    fail(handshake.cause());
                    ctx.close();
                }
            }
            ctx.fireUserEventTriggered(event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            fail(new java.nio.channels.ClosedChannelException());
            ctx.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(cause);
            ctx.close();
        }

        private void fail(Throwable cause) {
            if (settled || !connectedOnce) {
                return;
            }
            settled = true;
            settings.metrics().count(HboneMetrics.Counter.HANDSHAKES_FAILED);
            failed.accept(ClientErrors.handshakeFailed(target.address(), cause));
        }

        private ClientConnection establish(ChannelHandlerContext ctx) throws Http2Exception {
            ChannelPipeline pipeline = ctx.pipeline();
            Http2ConnectionHandler handler = http2();
            MuxTurnHandler turns = new MuxTurnHandler();
            pipeline.addLast(new FlushConsolidationHandler(256, true), turns, handler);
            var connection = handler.connection();
            connection
                    .local()
                    .flowController()
                    .incrementWindowSize(connection.connectionStream(), CONNECTION_WINDOW - 65_535);
            TunnelShares.install(connection, pipeline.context(handler));
            TunnelMux mux = new TunnelMux(
                    handler,
                    pipeline.context(handler),
                    settings.budget(),
                    settings.metrics(),
                    settings.streamWindow(),
                    settings.keepAlive());
            settings.metrics().count(HboneMetrics.Counter.CONNECTIONS_OPENED);
            turns.mux(mux);
            handler.decoder()
                    .frameListener(new MuxListener(new Http2EventAdapter(), mux, (streamId, headers, end) -> {}));
            ClientConnection established = new ClientConnection(mux, settings.tunnelsPerConnection());
            pipeline.addLast(established);
            pipeline.remove(this);
            log.debug("{} connected to {}", ctx.channel(), target.address());
            return established;
        }

        private Http2ConnectionHandler http2() {
            return new Http2ConnectionHandlerBuilder()
                    .connection(new DefaultHttp2Connection(false))
                    .frameListener(new Http2EventAdapter())
                    .initialSettings(new Http2Settings()
                            .pushEnabled(false)
                            .initialWindowSize(TunnelMux.initialWindow(settings.streamWindow()))
                            .maxFrameSize(ServerSettings.MAX_FRAME)
                            .maxHeaderListSize(16 << 10))
                    .gracefulShutdownTimeoutMillis(-1)
                    // The builder takes everything for a server and would close after 200 tunnels that the peer reset.
                    .decoderEnforceMaxRstFramesPerWindow(0, 0)
                    .encoderEnforceMaxRstFramesPerWindow(0, 0)
                    .build();
        }
    }
}
