package io.milepost.waypoint;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Event loops that get the accepted connections evenly: each goes to the loop that has fewest, the first of several.
 * Netty's turns would leave loops unequal when long-lived connections have come and gone; and clients that come one
 * after the other find the tunnels and connections that their predecessors' loop has opened already.
 */
final class BalancedLoops extends MultiThreadIoEventLoopGroup {
    private final EventLoop[] loops;
    private final AtomicIntegerArray connections;

    BalancedLoops(int threads, IoHandlerFactory io) {
        super(threads, new DefaultThreadFactory("waypoint", Thread.MAX_PRIORITY), io);
        loops = new EventLoop[executorCount()];
        connections = new AtomicIntegerArray(loops.length);
        int i = 0;
        for (EventExecutor each : this) {
            loops[i++] = (EventLoop) each;
        }
    }

    @Override
    public ChannelFuture register(Channel channel) {
        int at = 0;
        for (int i = 1; i < loops.length; i++) {
            if (connections.get(i) < connections.get(at)) {
                at = i;
            }
        }
        int chosen = at;
        connections.incrementAndGet(chosen);
        channel.closeFuture().addListener(closed -> connections.decrementAndGet(chosen));
        return loops[chosen].register(channel);
    }
}
