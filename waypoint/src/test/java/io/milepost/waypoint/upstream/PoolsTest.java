package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneClient;
import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.Transport;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Pools against a real application on loopback. */
class PoolsTest {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final Connector connector = new Connector(noTunnels(), NioSocketChannel.class, (t, e, n) -> {});
    private final LoopPools pools = new LoopPools(loop, connector);
    private final Fixture f = new Fixture();
    private GateServer server;

    private static HboneClient noTunnels() {
        return (HboneClient) Proxy.newProxyInstance(
                PoolsTest.class.getClassLoader(), new Class<?>[] {HboneClient.class}, (p, m, a) -> {
                    throw new AssertionError("no tunnels here: " + m);
                });
    }

    @BeforeEach
    void start() throws IOException {
        server = new GateServer();
        f.endpoints(Fixture.at("127.0.0.1", server.port()));
    }

    @AfterEach
    void stop() throws IOException {
        loop.submit(pools::closeAll).syncUninterruptibly();
        server.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static Limits limits(int connections, int pending, int requests, int perConnection) {
        return new Limits(connections, pending, requests, Integer.MAX_VALUE, perConnection, 0, Optional.empty());
    }

    private List<Attempt> start(ClusterState c, int n) {
        List<Attempt> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(Attempt.start(loop, pools, c));
        }
        return all;
    }

    private static long count(List<Attempt> all, String result) throws Exception {
        long n = 0;
        for (Attempt a : all) {
            n += a.result().equals(result) ? 1 : 0;
        }
        return n;
    }

    @Test
    @DisplayName("a connection is used again, the one used last first")
    void lifo() throws Exception {
        ClusterState c = f.build();
        server.answer(100);
        assertThat(count(start(c, 3), "200")).isEqualTo(3);
        int opened = server.accepted.get();
        for (int i = 0; i < 5; i++) {
            Attempt a = Attempt.start(loop, pools, c);
            assertThat(a.result()).isEqualTo("200");
            assertThat(a.rested).as("used a moment ago").isFalse();
        }
        assertThat(server.accepted).hasValue(opened);
        assertThat(c.limits().requests()).isZero();
        assertThat(c.limits().pendingRequests()).isZero();
        assertThat(c.connections().get()).isEqualTo(opened);
    }

    @Test
    @DisplayName("one connection and one waiting request, the rest overflows (recorded: vs-dr-pool)")
    void connectionsAndPending() throws Exception {
        f.limits = limits(1, 1, Integer.MAX_VALUE, 0);
        ClusterState c = f.build();
        Attempt first = Attempt.start(loop, pools, c);
        await().until(() -> server.requests.get() == 1);
        List<Attempt> more = start(c, 5);
        await().until(() -> more.stream().filter(a -> a.outcome.isDone()).count() == 4);
        assertThat(c.stats().pendingOverflow.sum()).isEqualTo(4);
        server.answer(2);
        assertThat(first.result()).isEqualTo("200");
        assertThat(count(more, "200")).isEqualTo(1);
        assertThat(count(more, "OVERFLOW")).isEqualTo(4);
        assertThat(server.accepted).hasValue(1);
    }

    @Test
    @DisplayName("http2MaxRequests counts HTTP/1.1 too (recorded: vs-dr-pool)")
    void requests() throws Exception {
        f.limits = limits(Integer.MAX_VALUE, Integer.MAX_VALUE, 2, 0);
        ClusterState c = f.build();
        List<Attempt> all = start(c, 6);
        await().until(() -> all.stream().filter(a -> a.outcome.isDone()).count() == 4);
        server.answer(2);
        assertThat(count(all, "200")).isEqualTo(2);
        assertThat(count(all, "OVERFLOW")).isEqualTo(4);
        assertThat(c.stats().requestOverflow.sum()).isEqualTo(4);
        server.answer(1);
        assertThat(Attempt.start(loop, pools, c).result()).isEqualTo("200");
    }

    @Test
    @DisplayName("maxRequestsPerConnection 1: every request has a connection of its own")
    void perConnection() throws Exception {
        f.limits = limits(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, 1);
        ClusterState c = f.build();
        server.answer(3);
        for (int i = 0; i < 3; i++) {
            assertThat(Attempt.start(loop, pools, c).result()).isEqualTo("200");
        }
        assertThat(server.accepted).hasValue(3);
        await().untilAsserted(() -> assertThat(server.closed).hasValue(3));
        assertThat(c.stats().connectionMaxRequests.sum()).isEqualTo(3);
    }

    @Test
    @DisplayName("idle connections close after the idle timeout")
    void idle() throws Exception {
        f.idleMillis = 50;
        ClusterState c = f.build();
        server.answer(1);
        Attempt.start(loop, pools, c).result();
        await().untilAsserted(() -> assertThat(server.closed).hasValue(1));
        assertThat(c.stats().connectionIdleTimeout.sum()).isEqualTo(1);
        await().untilAsserted(() -> assertThat(pools.size()).isZero());
        assertThat(c.connections()).hasValue(0);
    }

    @Test
    @DisplayName("maxConnectionDuration: an old connection takes no further requests")
    void duration() throws Exception {
        f.transport = new Transport(30, 0, Optional.empty(), Optional.empty(), io.milepost.mesh.Cluster.Dns.DEFAULT);
        ClusterState c = f.build();
        server.answer(2);
        Attempt.start(loop, pools, c).result();
        await().untilAsserted(() -> assertThat(server.closed).hasValue(1));
        assertThat(Attempt.start(loop, pools, c).result()).isEqualTo("200");
        assertThat(server.accepted).hasValue(2);
        assertThat(c.stats().connectionMaxDuration.sum()).isPositive();
    }

    @Test
    @DisplayName("an endpoint that leaves: idle connections close at once, busy ones when their request is over")
    void drain() throws Exception {
        ClusterState c = f.build();
        List<Attempt> two = start(c, 2);
        // Answered earlier, the first one's connection could serve the second, too.
        await().untilAsserted(() -> assertThat(server.requests).hasValue(2));
        server.answer(1);
        await().until(() -> two.stream().filter(a -> a.outcome.isDone()).count() == 1);
        HostState h = c.hosts().getFirst();
        f.endpoints();
        c.update(f.cluster(), f.listed());
        assertThat(f.removed).containsExactly(h);
        pools.drain(h);
        await().untilAsserted(() -> assertThat(server.closed).hasValue(1));
        assertThat(two.stream().filter(a -> a.outcome.isDone()).count())
                .as("the busy one goes on")
                .isEqualTo(1);
        server.answer(1);
        assertThat(count(two, "200")).as("no request fails").isEqualTo(2);
        await().untilAsserted(() -> assertThat(server.closed).hasValue(2));
        assertThat(c.connections()).hasValue(0);
    }

    @Test
    @DisplayName("a refused connection fails all who wait for it, and counts")
    void refused() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        f.endpoints(Fixture.at("127.0.0.1", port));
        ClusterState c = f.build();
        assertThat(count(start(c, 3), "CONNECT_FAILURE")).isEqualTo(3);
        assertThat(c.stats().connectFailures.sum()).isPositive();
        await().untilAsserted(() -> assertThat(c.connections()).hasValue(0));
        assertThat(c.limits().pendingRequests()).isZero();
    }

    @Test
    @DisplayName("a request that waits can be withdrawn")
    void withdrawn() throws Exception {
        f.limits = limits(1, 1, Integer.MAX_VALUE, 0);
        ClusterState c = f.build();
        Attempt first = Attempt.start(loop, pools, c);
        await().until(() -> server.requests.get() == 1);
        Attempt second = Attempt.start(loop, pools, c);
        assertThat(c.limits().pendingRequests()).isEqualTo(1);
        loop.submit(() -> second.waiting.cancel()).syncUninterruptibly();
        assertThat(c.limits().pendingRequests()).isZero();
        server.answer(5);
        assertThat(first.result()).isEqualTo("200");
        assertThat(server.requests).hasValue(1);
        assertThat(second.outcome).isNotDone();
    }

    @Test
    @DisplayName("two event loops share a limit of one connection: the idle one of the other loop closes")
    void starving() throws Exception {
        f.limits = limits(1, 10, Integer.MAX_VALUE, 0);
        ClusterState c = f.build();
        EventLoop other = loops.next();
        while (other.equals(loop)) {
            other = loops.next();
        }
        LoopPools theirs = new LoopPools(other, connector);
        c.onStarving(h -> {
            pools.closeIdle(h);
            theirs.closeIdle(h);
        });
        server.answer(1);
        assertThat(Attempt.start(loop, pools, c).result()).isEqualTo("200");
        server.answer(1);
        assertThat(Attempt.start(other, theirs, c).result()).isEqualTo("200");
        assertThat(c.connections().get()).isEqualTo(1);
        // Busy ones are waited for.
        Attempt busy = Attempt.start(other, theirs, c);
        await().until(() -> server.requests.get() == 3);
        Attempt waits = Attempt.start(loop, pools, c);
        server.answer(2);
        assertThat(busy.result()).isEqualTo("200");
        assertThat(waits.result()).isEqualTo("200");
        loops.next().submit(() -> {}).syncUninterruptibly();
        other.submit(theirs::closeAll).syncUninterruptibly();
    }

    @Test
    @DisplayName("configuration that moves endpoints while requests run: none fails")
    void updatesWhileBusy() throws Exception {
        try (GateServer second = new GateServer()) {
            server.answer(10_000);
            second.answer(10_000);
            ClusterState c = f.build();
            long failed = 0;
            for (int i = 0; i < 300; i++) {
                Attempt a = Attempt.start(loop, pools, c);
                f.endpoints(Fixture.at("127.0.0.1", i % 2 == 0 ? second.port() : server.port()));
                c.update(f.cluster(), f.listed());
                f.removed.forEach(pools::drain);
                f.removed.clear();
                failed += a.result().equals("200") ? 0 : 1;
            }
            assertThat(failed).isZero();
        }
    }
}
