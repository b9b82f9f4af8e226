package io.milepost.testbed.load;

import io.milepost.hbone.HboneClient;
import io.milepost.hbone.TunnelTarget;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An ordinary TCP port: each connection to it goes through a tunnel of its own to one service behind the waypoint. */
final class TunnelEntry implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TunnelEntry.class);

    private final HboneClient tunnels;
    private final TunnelTarget target;
    private final Channel listener;
    private final AtomicInteger refused = new AtomicInteger();

    /** @param loops of NIO channels */
    TunnelEntry(HboneClient tunnels, TunnelTarget target, InetSocketAddress listen, EventLoopGroup loops) {
        this.tunnels = tunnels;
        this.target = target;
        listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel application) {
                        connect(application);
                    }
                })
                .bind(listen)
                .syncUninterruptibly()
                .channel();
    }

    private void connect(Channel application) {
        Relay toTunnel = new Relay();
        Relay toApplication = new Relay();
        application.pipeline().addLast(toTunnel);
        EventLoop loop = application.eventLoop();
        tunnels.open(loop, target, toApplication).addListener((Future<Channel> f) -> {
            if (!f.isSuccess()) {
                refused.incrementAndGet();
                log.warn("no tunnel to {}: {}", target.authority(), f.cause().toString());
                application.close();
                return;
            }
            toTunnel.peer(f.getNow());
            toApplication.peer(application);
            application.config().setAutoRead(true);
        });
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Connections that got no tunnel. */
    int refused() {
        return refused.get();
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
    }
}
