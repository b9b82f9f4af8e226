package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.hbone.HboneClient;
import io.milepost.hbone.TunnelException;
import io.milepost.hbone.TunnelTarget;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.mesh.IpAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Opens a byte channel to an endpoint: a tunnel where it speaks HBONE, plain TCP otherwise. */
public final class Connector {
    private final HboneClient tunnels;
    private final Class<? extends SocketChannel> socketType;

    public Connector(HboneClient tunnels, Class<? extends SocketChannel> socketType) {
        this.tunnels = tunnels;
        this.socketType = socketType;
    }

    /** Must be called on {@code loop}; the future completes there. */
    public Future<Channel> connect(EventLoop loop, Endpoint endpoint, long timeoutMillis, ChannelHandler handler) {
        Tunnel t = endpoint.tunnel().orElse(null);
        if (t != null) {
            Optional<IpAddress> ip = IpAddress.parse(t.address());
            if (ip.isEmpty()) {
                return loop.newFailedFuture(notAnAddress(t.address()));
            }
            return tunnels.open(
                    loop,
                    new TunnelTarget(
                            new InetSocketAddress(ip.get().toInetAddress(), t.port()), t.identities(), t.authority()),
                    handler);
        }
        Optional<IpAddress> ip = IpAddress.parse(endpoint.address());
        if (ip.isEmpty()) {
            return loop.newFailedFuture(notAnAddress(endpoint.address()));
        }
        var promise = loop.<Channel>newPromise();
        new Bootstrap()
                .group(loop)
                .channel(socketType)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(timeoutMillis, Integer.MAX_VALUE))
                .handler(handler)
                .connect(new InetSocketAddress(ip.get().toInetAddress(), endpoint.port()))
                .addListener((io.netty.channel.ChannelFuture f) -> {
                    if (f.isSuccess()) {
                        promise.setSuccess(f.channel());
                    } else {
                        promise.setFailure(f.cause());
                    }
                });
        return promise;
    }

    private static TunnelException notAnAddress(String text) {
        return new TunnelException(
                TunnelException.Kind.CONNECT_FAILED, 0, "endpoint address " + text + " is a name and was not resolved");
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
}
