package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BalancedLoopsTest {
    private final BalancedLoops loops = new BalancedLoops(3, NioIoHandler.newFactory());

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Channel accept() {
        Channel c = new NioSocketChannel();
        loops.register(c).syncUninterruptibly();
        return c;
    }

    @Test
    void connectionsThatStayAreSpread() {
        assertThat(new EventLoop[] {accept().eventLoop(), accept().eventLoop(), accept().eventLoop()})
                .doesNotHaveDuplicates();
    }

    @Test
    void clientsInTurnShareALoop() {
        Channel first = accept();
        EventLoop loop = first.eventLoop();
        first.close().syncUninterruptibly();
        assertThat(accept().eventLoop()).isSameAs(loop);
    }

    @Test
    void theLoopThatLostItsConnectionIsNext() {
        accept();
        Channel second = accept();
        accept();
        accept();
        EventLoop lost = second.eventLoop();
        second.close().syncUninterruptibly();
        assertThat(accept().eventLoop()).isSameAs(lost);
    }
}
