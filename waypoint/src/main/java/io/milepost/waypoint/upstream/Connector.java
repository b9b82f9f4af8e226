package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.hbone.EpollHalfClose;
import io.milepost.hbone.HboneClient;
import io.milepost.hbone.TunnelException;
import io.milepost.hbone.TunnelTarget;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.mesh.IpAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * Opens a byte channel to an endpoint: a tunnel where it speaks HBONE, plain TCP otherwise; in it, where configured, a
 * PROXY header and TLS, in this order.
 */
public final class Connector {
    /**
     * What one slow application may hold. As a tunnel's: with Netty's 64 KiB for both, 1,000 slow readers in each direction
     * used up 256 MiB of direct memory ({@code ./milepost soak slow-readers}).
     */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(8 << 10, 16 << 10);

    private static final int MAX_READ = 16 << 10;

    private static final List<String> SYSTEM_ERRORS =
            List.of("Connection refused", "No route to host", "Network is unreachable", "Connection reset by peer");

    private final HboneClient tunnels;
    private final Class<? extends SocketChannel> socketType;
    private final TunnelFailures failures;
    private final long attemptDelayMillis;

    public Connector(HboneClient tunnels, Class<? extends SocketChannel> socketType, TunnelFailures failures) {
        this(tunnels, socketType, failures, AddressRace.DELAY_MILLIS);
    }

    /** @param attemptDelayMillis after which the next address of an endpoint is tried, too */
    Connector(
            HboneClient tunnels,
            Class<? extends SocketChannel> socketType,
            TunnelFailures failures,
            long attemptDelayMillis) {
        this.tunnels = tunnels;
        this.socketType = socketType;
        this.failures = failures;
        this.attemptDelayMillis = attemptDelayMillis;
    }

    /**
     * Must be called on {@code loop}; the future completes there, with a channel that is ready for the application's bytes
     * and has {@code handler} in its pipeline.
     */
    public Future<Channel> connect(
            EventLoop loop, ClusterState cluster, HostState host, Traits traits, ChannelHandler handler) {
        Cluster c = cluster.cluster();
        TlsContext tls = cluster.tls();
        if (tls != null && tls.context() == null) {
            cluster.stats().tlsFailures.increment();
            return loop.newFailedFuture(new TunnelException(
                    TunnelException.Kind.TLS,
                    0,
                    "TLS to cluster " + c.name() + " is not possible, nothing is sent: " + tls.problem()));
        }
        Promise<Channel> result = loop.newPromise();
        boolean raced = !host.endpoint().more().isEmpty();
        boolean plain = tls == null && c.proxyProtocol().isEmpty();
        Future<Channel> raw =
                raw(loop, c, host.endpoint(), plain && !raced ? handler : new ChannelInboundHandlerAdapter());
        ScheduledFuture<?> timer = loop.schedule(
                () -> result.tryFailure(new ConnectTimeoutException("no connection to "
                        + host.endpoint().hostPort() + " within " + c.connectTimeoutMillis() + " ms")),
                c.connectTimeoutMillis(),
                TimeUnit.MILLISECONDS);
        result.addListener(f -> {
            timer.cancel(false);
            if (raced && !f.isSuccess()) {
                raw.cancel(false);
            }
        });
        raw.addListener((Future<Channel> f) -> {
            if (!f.isSuccess()) {
                result.tryFailure(f.cause());
                return;
            }
            Channel ch = f.getNow();
            result.addListener(r -> {
                if (!r.isSuccess()) {
                    ch.close();
                }
            });
            if (result.isDone()) {
                return;
            }
            if (plain) {
                if (raced) {
                    ch.pipeline().addLast(handler);
                }
                result.trySuccess(ch);
            } else {
                preamble(cluster, c, tls, traits, ch, handler, result);
            }
        });
        return result;
    }

    private static void preamble(
            ClusterState cluster,
            Cluster c,
            @Nullable TlsContext tls,
            Traits traits,
            Channel ch,
            ChannelHandler handler,
            Promise<Channel> result) {
        if (c.proxyProtocol().isPresent()) {
            ch.writeAndFlush(
                    ProxyHeaders.of(c.proxyProtocol().get(), ch.alloc(), traits.source(), traits.destination()));
        }
        SslContext context = tls == null ? null : tls.context();
        if (tls == null || context == null) {
            ch.pipeline().addLast(handler);
            result.trySuccess(ch);
            return;
        }
        String name = tls.settings().sni().orElse(traits.serverName());
        boolean sni = !name.isEmpty() && IpAddress.parse(name).isEmpty();
        SslHandler ssl = sni ? context.newHandler(ch.alloc(), name, -1) : context.newHandler(ch.alloc());
        ssl.setHandshakeTimeoutMillis(c.connectTimeoutMillis());
        Quiet quiet = new Quiet();
        ch.pipeline().addLast(ssl, quiet);
        ssl.handshakeFuture().addListener(h -> {
            Throwable failure = h.isSuccess() ? nameProblem(tls, name, ssl) : h.cause();
            if (failure != null) {
                cluster.stats().tlsFailures.increment();
                result.tryFailure(new TunnelException(
                        TunnelException.Kind.TLS,
                        0,
                        "TLS handshake with " + c.name() + " failed: " + failure.getMessage(),
                        failure));
            } else if (!result.isDone()) {
                ch.pipeline().addLast(handler).remove(quiet);
                result.trySuccess(ch);
            }
        });
    }

    /** A handshake that fails is told by its future; the log does not need it too. */
    private static final class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext c, Throwable cause) {
            c.close();
        }
    }

    private static @Nullable Throwable nameProblem(TlsContext tls, String name, SslHandler ssl) {
        try {
            boolean ok = tls.settings().insecureSkipVerify()
                    || (ssl.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate x
                            && SanMatcher.matches(tls.settings(), name, x));
            return ok ? null : new SSLException("the certificate is not for " + (name.isEmpty() ? "this host" : name));
        } catch (SSLPeerUnverifiedException e) {
            return e;
        }
    }

    private Future<Channel> raw(EventLoop loop, Cluster c, Endpoint endpoint, ChannelHandler handler) {
        Tunnel t = endpoint.tunnel().orElse(null);
        String address = t == null ? endpoint.address() : t.address();
        Optional<IpAddress> ip = IpAddress.parse(address);
        if (ip.isEmpty()) {
            return loop.newFailedFuture(new TunnelException(
                    TunnelException.Kind.CONNECT_FAILED,
                    0,
                    "endpoint address " + address + " is a name and was not resolved"));
        }
        if (t != null) {
            return tunnel(
                    loop,
                    new TunnelTarget(
                            new InetSocketAddress(ip.get().toInetAddress(), t.port()), t.identities(), t.authority()),
                    handler);
        }
        if (endpoint.more().isEmpty()) {
            return dialed(
                    loop,
                    bootstrap(loop, c, handler),
                    new InetSocketAddress(ip.get().toInetAddress(), endpoint.port()));
        }
        List<IpAddress> all = new ArrayList<>();
        all.add(ip.get());
        endpoint.more().forEach(a -> IpAddress.parse(a).ifPresent(all::add));
        return AddressRace.start(
                loop,
                AddressRace.interleave(all),
                attemptDelayMillis,
                a -> bootstrap(loop, c, new ChannelInboundHandlerAdapter())
                        .connect(new InetSocketAddress(a.toInetAddress(), endpoint.port())));
    }

    private static Future<Channel> dialed(EventLoop loop, Bootstrap b, InetSocketAddress address) {
        Promise<Channel> promise = loop.newPromise();
        b.connect(address).addListener((io.netty.channel.ChannelFuture f) -> {
            if (f.isSuccess()) {
                promise.setSuccess(f.channel());
            } else {
                promise.setFailure(f.cause());
            }
        });
        return promise;
    }

    private Bootstrap bootstrap(EventLoop loop, Cluster c, ChannelHandler handler) {
        Bootstrap b = new Bootstrap()
                .group(loop)
                .channel(socketType)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(64, 2048, MAX_READ))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(c.connectTimeoutMillis(), Integer.MAX_VALUE))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        EpollHalfClose.support(channel);
                        channel.pipeline().addLast(handler);
                    }
                });
        c.transport().tcpKeepalive().ifPresent(k -> keepalive(b, k));
        return b;
    }

    private Future<Channel> tunnel(EventLoop loop, TunnelTarget target, ChannelHandler handler) {
        long startNanos = System.nanoTime();
        return tunnels.open(loop, target, handler).addListener(f -> {
            if (f.cause() instanceof TunnelException e) {
                failures.failed(target, e, startNanos);
            }
        });
    }

    private void keepalive(Bootstrap b, Cluster.TcpKeepalive k) {
        b.option(ChannelOption.SO_KEEPALIVE, true);
        boolean epoll = EpollSocketChannel.class.isAssignableFrom(socketType);
        if (k.timeSeconds() > 0) {
            b.option(
                    epoll ? EpollChannelOption.TCP_KEEPIDLE : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE),
                    k.timeSeconds());
        }
        if (k.intervalSeconds() > 0) {
            b.option(
                    epoll
                            ? EpollChannelOption.TCP_KEEPINTVL
                            : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                    k.intervalSeconds());
        }
        if (k.probes() > 0) {
            b.option(
                    epoll ? EpollChannelOption.TCP_KEEPCNT : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT),
                    k.probes());
        }
    }

    /** A failure to connect in Envoy's terms. */
    public static Reset reason(Throwable cause) {
        if (cause instanceof TunnelException t) {
            return switch (t.kind()) {
                // Recorded: behind HBONE a refused connect shows as termination, not as connect failure.
                case REFUSED -> Reset.CONNECTION_TERMINATION;
                case CONNECT_TIMEOUT -> Reset.CONNECT_TIMEOUT;
                case OVERFLOW -> Reset.OVERFLOW;
                case CONNECT_FAILED, TLS, CONNECTION_CLOSED -> Reset.CONNECT_FAILURE;
            };
        }
        return cause instanceof ConnectTimeoutException ? Reset.CONNECT_TIMEOUT : Reset.CONNECT_FAILURE;
    }

    /**
     * What Envoy's access log says of a plain connection that was not made, for example {@code delayed connect error:
     * Connection refused}; empty for tunnels, whose errors its inner connection does not see.
     */
    public static String transportText(Throwable cause) {
        if (cause instanceof TunnelException || cause instanceof ConnectTimeoutException) {
            return "";
        }
        String m = String.valueOf(cause.getMessage());
        for (String known : SYSTEM_ERRORS) {
            if (m.contains(known)) {
                return "delayed connect error: " + known;
            }
        }
        return m;
    }
}
