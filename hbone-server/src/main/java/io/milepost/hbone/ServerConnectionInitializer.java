package io.milepost.hbone;

import io.milepost.hbone.TunnelRequest.PeerConnection;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes the pipeline that Armeria made for a connection: waits for the handshake, then puts a {@link TunnelMux} over
 * Armeria's HTTP/2 handler. A client that negotiated no ALPN would get HTTP/1.1 of Armeria; it gets an HTTP/2 handler of
 * ours instead, since HBONE is never anything else.
 */
@SuppressWarnings({"FutureReturnValueIgnored", "ReferenceEquality"
}) // identity of buffers and handlers; failed writes end their stream or connection, and that is handled
final class ServerConnectionInitializer extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(ServerConnectionInitializer.class);
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 << 10, 256 << 10);

    private final ServerSettings settings;
    private final MeshTrust trust;
    private final ServerConnections connections;
    private final MuxTurnHandler turns;
    private @Nullable ScheduledFuture<?> timeout;

    private ServerConnectionInitializer(
            ServerSettings settings, MeshTrust trust, ServerConnections connections, MuxTurnHandler turns) {
        this.settings = settings;
        this.trust = trust;
        this.connections = connections;
        this.turns = turns;
    }

    static void install(
            ChannelPipeline pipeline, ServerSettings settings, MeshTrust trust, ServerConnections connections) {
        if (!connections.admit(pipeline.channel())) {
            settings.metrics().count(HboneMetrics.Counter.CONNECTIONS_REFUSED);
            return;
        }
        // Armeria switches the water marks off because it has its own back-pressure, in which our tunnels take no part.
        pipeline.channel().config().setWriteBufferWaterMark(WATER_MARK);
        MuxTurnHandler turns = new MuxTurnHandler();
        pipeline.addLast(new FlushConsolidationHandler(256, true));
        pipeline.addLast(turns);
        pipeline.addLast(new ServerConnectionInitializer(settings, trust, connections, turns));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        timeout = ctx.executor()
                .schedule(
                        () -> {
                            settings.metrics().count(HboneMetrics.Counter.HANDSHAKE_TIMEOUTS);
                            log.info(
                                    "{} no TLS handshake within {} ms",
                                    ctx.channel(),
                                    settings.handshakeTimeoutMillis());
                            ctx.close();
                        },
                        settings.handshakeTimeoutMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancelTimeout();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        cancelTimeout();
        ctx.fireChannelInactive();
    }

    private void cancelTimeout() {
        ScheduledFuture<?> current = timeout;
        if (current != null) {
            current.cancel(false);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        ctx.fireUserEventTriggered(event);
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                handshakeDone(ctx);
            } else {
                settings.metrics().count(HboneMetrics.Counter.HANDSHAKES_FAILED);
            }
        }
    }

    private void handshakeDone(ChannelHandlerContext ctx) throws Http2Exception {
        ChannelPipeline pipeline = ctx.pipeline();
        SslHandler tls = pipeline.get(SslHandler.class);
        Http2ConnectionHandler handler = pipeline.get(Http2ConnectionHandler.class);
        if (handler == null && tls.applicationProtocol() == null) {
            handler = replaceHttp1(ctx);
        }
        if (handler == null) {
            log.info("{} client negotiated {} instead of h2", ctx.channel(), tls.applicationProtocol());
            ctx.close();
            return;
        }
        PeerConnection peer = peer(ctx.channel(), tls.engine().getSession());
        ChannelHandlerContext handlerContext = pipeline.context(handler);
        TunnelShares.install(handler.connection(), handlerContext);
        TunnelMux mux = new TunnelMux(
                handler,
                handlerContext,
                settings.budget(),
                settings.metrics(),
                settings.streamWindow(),
                settings.keepAlive());
        turns.mux(mux);
        // Armeria answers a client's GOAWAY with its own, after which a further CONNECT would get no answer at all. As
        // with
        // Envoy, a client's GOAWAY changes nothing: it speaks of streams that we would open.
        if (handler.decoder().frameListener() instanceof Http2Connection.Listener armeria) {
            handler.connection().removeListener(armeria);
        }
        handler.decoder()
                .frameListener(new MuxListener(
                        handler.decoder().frameListener(),
                        mux,
                        new ServerAcceptor(mux, settings.service(), settings.requestPolicy(), peer)));
        settings.metrics().count(HboneMetrics.Counter.CONNECTIONS_OPENED);
        connections.add(mux);
        pipeline.remove(this);
    }

    private Http2ConnectionHandler replaceHttp1(ChannelHandlerContext ctx) throws Http2Exception {
        ChannelPipeline pipeline = ctx.pipeline();
        List<ChannelHandler> http1 = new ArrayList<>();
        boolean behind = false;
        for (String name : pipeline.names()) {
            ChannelHandler candidate = pipeline.get(name);
            if (candidate == null) {
                continue;
            }
            if (behind) {
                http1.add(candidate);
            }
            behind |= candidate == this;
        }
        http1.forEach(pipeline::remove);
        Http2ConnectionHandler handler = new Http2ConnectionHandlerBuilder()
                .connection(new DefaultHttp2Connection(true))
                .frameListener(new Http2EventAdapter())
                .initialSettings(settings.http2())
                .gracefulShutdownTimeoutMillis(-1)
                .decoderEnforceMaxRstFramesPerWindow(
                        settings.resets().max(), settings.resets().windowSeconds())
                .encoderEnforceMaxRstFramesPerWindow(
                        settings.resets().max(), settings.resets().windowSeconds())
                .build();
        pipeline.addLast(handler);
        var connection = handler.connection();
        connection
                .local()
                .flowController()
                .incrementWindowSize(connection.connectionStream(), settings.connectionWindow() - 65_535);
        return handler;
    }

    private PeerConnection peer(Channel channel, SSLSession session) {
        String principal = null;
        try {
            principal = trust.principal(session.getPeerCertificates());
        } catch (SSLPeerUnverifiedException e) {
            log.warn("{} a client without certificate got through the handshake", channel, e);
            channel.close();
        }
        return new PeerConnection(
                principal,
                SpiffeIds.principal(session.getLocalCertificates()),
                (InetSocketAddress) channel.remoteAddress(),
                (InetSocketAddress) channel.localAddress());
    }
}
