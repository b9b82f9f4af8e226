package io.milepost.hbone;

import com.linecorp.armeria.common.Flags;
import com.linecorp.armeria.common.util.ThreadFactories;
import com.linecorp.armeria.common.util.TransportType;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Only accepts sockets; nothing of it needs the two quiet seconds that Netty waits by default. Armeria shuts down the
 * parent of the listening channel's loop without arguments, so what its own builder of groups is told never counts.
 */
final class AcceptingLoop extends MultiThreadIoEventLoopGroup {
    AcceptingLoop(String threadName) {
        super(
                1,
                ThreadFactories.newThreadFactory(threadName, true),
                Flags.transportType() == TransportType.EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    @Override
    public Future<?> shutdownGracefully() {
        return shutdownGracefully(0, 2, TimeUnit.SECONDS);
    }
}
