package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneClient;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.Transport;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** HTTP/2 pools against a real application on loopback. */
class Http2PoolTest {
    private static final int ANY = Integer.MAX_VALUE;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final Connector connector = new Connector(
            (HboneClient) Proxy.newProxyInstance(
                    Http2PoolTest.class.getClassLoader(), new Class<?>[] {HboneClient.class}, (p, m, a) -> {
                        throw new AssertionError("no tunnels here: " + m);
                    }),
            NioSocketChannel.class,
            (target, why, start) -> {});
    private final LoopPools pools = new LoopPools(loop, connector);
    private final Fixture f = new Fixture();
    private Http2GateServer server = new Http2GateServer(loops, 1_000);

    private ClusterState cluster(int connections, int requests, int perConnection, int streams) {
        f.protocol = Cluster.Protocol.HTTP2;
        f.limits = new Limits(connections, ANY, requests, ANY, perConnection, streams, Optional.empty());
        f.endpoints(Fixture.at("127.0.0.1", server.port()));
        return f.build();
    }

    @AfterEach
    void stop() {
        loop.submit(pools::closeAll).syncUninterruptibly();
        server.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private List<Attempt> start(ClusterState c, int n, Traits traits) {
        List<Attempt> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(Attempt.start(loop, pools, c, true, traits));
        }
        return all;
    }

    private List<Attempt> start(ClusterState c, int n) {
        return start(c, n, Traits.NONE);
    }

    private void arrived(int n) {
        await().untilAsserted(() -> assertThat(server.requests).hasValue(n));
    }

    private static void allAnswered(List<Attempt> all) throws Exception {
        for (Attempt a : all) {
            assertThat(a.result()).isEqualTo("200");
        }
    }

    @Test
    @DisplayName("requests share one connection, and it is used again")
    void shared() throws Exception {
        ClusterState c = cluster(ANY, ANY, 0, 0);
        List<Attempt> all = start(c, 20);
        arrived(20);
        server.answer(20);
        allAnswered(all);
        List<Attempt> more = start(c, 5);
        arrived(25);
        server.answer(5);
        allAnswered(more);
        assertThat(server.accepted).hasValue(1);
        assertThat(c.limits().requests()).isZero();
        assertThat(c.connections()).hasValue(1);
    }

    @Test
    @DisplayName("maxConcurrentStreams of the configuration: further connections, as many as are needed")
    void streams() throws Exception {
        ClusterState c = cluster(ANY, ANY, 0, 3);
        List<Attempt> all = start(c, 7);
        arrived(7);
        assertThat(server.accepted).hasValue(3);
        server.answer(7);
        allAnswered(all);
    }

    @Test
    @DisplayName("SETTINGS_MAX_CONCURRENT_STREAMS of the endpoint is kept: requests wait, and none fails")
    void peersStreams() throws Exception {
        server.close();
        server = new Http2GateServer(loops, 2);
        ClusterState c = cluster(1, ANY, 0, 2);
        List<Attempt> all = start(c, 6);
        for (int done = 0; done < 6; done += 2) {
            arrived(done + 2);
            assertThat(c.limits().pendingRequests()).isEqualTo(4 - done);
            server.answer(2);
        }
        allAnswered(all);
        assertThat(server.accepted).hasValue(1);
    }

    @Test
    @DisplayName("requests that wait on connections of their own (PROXY headers, server names) are served, too")
    void waitingWithTraits() throws Exception {
        ClusterState c = cluster(1, ANY, 0, 1);
        Traits own = new Traits("", new InetSocketAddress("10.0.0.1", 1), new InetSocketAddress("10.0.0.2", 2));
        List<Attempt> all = start(c, 3, own);
        for (int n = 1; n <= 3; n++) {
            arrived(n);
            server.answer(1);
        }
        allAnswered(all);
    }

    @Test
    @DisplayName("http2MaxRequests: what is beyond overflows")
    void requests() throws Exception {
        ClusterState c = cluster(ANY, 2, 0, 0);
        List<Attempt> first = start(c, 2);
        arrived(2);
        List<Attempt> more = start(c, 3);
        for (Attempt a : more) {
            assertThat(a.result()).isEqualTo("OVERFLOW");
        }
        assertThat(c.stats().requestOverflow.sum()).isEqualTo(3);
        server.answer(2);
        allAnswered(first);
    }

    @Test
    @DisplayName("maxRequestsPerConnection: the connection takes no more, finishes what runs, and closes")
    void perConnection() throws Exception {
        ClusterState c = cluster(ANY, ANY, 2, 0);
        List<Attempt> all = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            all.addAll(start(c, 1));
            arrived(i);
        }
        assertThat(server.accepted).hasValue(2);
        assertThat(server.closed).as("their requests still run").hasValue(0);
        server.answer(4);
        allAnswered(all);
        await().untilAsserted(() -> assertThat(server.closed).hasValue(2));
    }

    @Test
    @DisplayName("idle timeout and maximum duration")
    void lifetimes() throws Exception {
        f.idleMillis = 50;
        ClusterState idle = cluster(ANY, ANY, 0, 0);
        List<Attempt> one = start(idle, 1);
        arrived(1);
        server.answer(1);
        allAnswered(one);
        await().untilAsserted(() -> assertThat(server.closed).hasValue(1));
        assertThat(idle.stats().connectionIdleTimeout.sum()).isEqualTo(1);
        f.idleMillis = 3_600_000;
        f.transport = new Transport(30, 0, Optional.empty(), Optional.empty(), Cluster.Dns.DEFAULT);
        ClusterState old = cluster(ANY, ANY, 0, 0);
        List<Attempt> two = start(old, 1);
        arrived(2);
        server.answer(1);
        allAnswered(two);
        await().untilAsserted(() -> assertThat(server.closed).hasValue(2));
        assertThat(old.stats().connectionMaxDuration.sum()).isPositive();
    }
}
