package io.milepost.ztunnel.proxy;

import io.milepost.hbone.EpollHalfClose;
import io.milepost.mesh.IpAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Sockets of the data path: epoll where the system has it. */
public final class Transport implements AutoCloseable {
    private static final int CONNECT_MILLIS = 10_000;
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 << 10, 128 << 10);

    private final boolean epoll = Epoll.isAvailable();
    private final EventLoopGroup loops;

    /** @param threads 0 takes one per processor */
    public Transport(int threads) {
        int n = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        loops = new MultiThreadIoEventLoopGroup(n, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    EventLoopGroup loops() {
        return loops;
    }

    /** Listens; accepted channels read nothing before they are told to. */
    Channel listen(InetSocketAddress address, ChannelHandler child) {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(child)
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IllegalStateException(
                    "failed to bind to address " + address.getAddress().getHostAddress() + ":" + address.getPort()
                            + ": " + bound.cause().getMessage() + " (is another ztunnel of this pod running?)",
                    bound.cause());
        }
        return bound.channel();
    }

    /** Connects on {@code loop}; the channel reads nothing before it is told to. */
    ChannelFuture connect(
            EventLoop loop, InetSocketAddress target, @Nullable InetAddress source, ChannelHandler handler) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        EpollHalfClose.support(channel);
                        channel.pipeline().addLast(handler);
                    }
                });
        if (source != null && epoll) {
            bootstrap.option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true);
        }
        return source == null ? bootstrap.connect(target) : bootstrap.connect(target, new InetSocketAddress(source, 0));
    }

    /**
     * The address that connections of a pod come from. Null leaves it to the system: where families differ, and from a
     * loopback address to the world outside, which Linux refuses.
     */
    static @Nullable InetAddress source(IpAddress pod, InetAddress target) {
        InetAddress own = pod.toInetAddress();
        boolean same = own.getAddress().length == target.getAddress().length;
        return !same || own.isLoopbackAddress() && !target.isLoopbackAddress() ? null : own;
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS)
                .awaitUninterruptibly(2, java.util.concurrent.TimeUnit.SECONDS);
    }
}
