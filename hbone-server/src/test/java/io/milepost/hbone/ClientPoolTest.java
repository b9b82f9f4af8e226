package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.HboneMetrics.Level;
import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.milepost.hbone.TunnelException.Kind;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which connection a tunnel gets, how many there are and when they end: hbone-and-ztunnel.md §1.7, ztunnel-measured.md "Pool". */
@SuppressWarnings({"FutureReturnValueIgnored", "ReferenceEquality"}) // which connection it is
@Timeout(180)
class ClientPoolTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    // ---- sharing

    @Test
    void manyTunnelsAtOnceMakeOneConnectionPerHundred() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        List<CompletableFuture<Channel>> opening = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            opening.add(mesh.open(client, mesh.loop, Mesh.target(server), new Collector()));
        }
        CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new)).get(120, TimeUnit.SECONDS);
        assertThat(server.metrics().value(Counter.CONNECTIONS_OPENED)).isEqualTo(1);
        assertThat(client.metrics().value(Level.TUNNELS)).isEqualTo(100);
        Channel next = mesh.opened(client, Mesh.target(server));
        assertThat(server.metrics().value(Counter.CONNECTIONS_OPENED)).isEqualTo(2);
        assertThat(next.parent()).isNotSameAs(opening.getFirst().join().parent());

        // A place that becomes free on the first connection is used again.
        opening.getFirst().join().close().sync();
        await().until(() -> client.metrics().value(Level.TUNNELS) == 100);
        next.close().sync();
        assertThat(client.connections()).isEqualTo(2);
        assertThat(client.metrics().value(Level.POOLS)).isEqualTo(1);
        assertThat(client.metrics().value(Counter.TUNNELS_OPENED)).isEqualTo(101);
    }

    @Test
    void thePoolsKeyIsAddressIdentitiesAndSource() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        TunnelTarget plain = Mesh.target(server);
        Channel first = mesh.opened(client, plain);
        // Authority and headers do not matter: two services and a pod behind one waypoint share it.
        Channel sameKey = mesh.opened(
                client,
                new TunnelTarget(plain.address(), plain.identities(), "", "10.0.0.2:81", List.of("baggage", "")));
        assertThat(sameKey.parent()).isSameAs(first.parent());
        Channel otherSource = mesh.opened(
                client, new TunnelTarget(plain.address(), plain.identities(), "10.1.1.1", "10.0.0.1:80", List.of()));
        assertThat(otherSource.parent()).isNotSameAs(first.parent());
        Channel otherIdentities =
                mesh.opened(client, Mesh.target(server, List.of(TestCa.id("server"), TestCa.id("other"))));
        assertThat(otherIdentities.parent()).isNotSameAs(first.parent());
        EventLoop other = mesh.loops.next();
        Channel otherLoop = mesh.open(client, other == mesh.loop ? mesh.loops.next() : other, plain, new Collector())
                .get(30, TimeUnit.SECONDS);
        assertThat(otherLoop.parent()).isNotSameAs(first.parent());
        assertThat(client.metrics().value(Level.POOLS)).isEqualTo(4);
    }

    @Test
    void idleConnectionsCloseAndLeaveNothingBehind() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.built(mesh.clientBuilder()
                .ping(Duration.ofMillis(50), Duration.ofSeconds(10))
                .idleTimeout(Duration.ofMillis(200)));
        mesh.opened(client, Mesh.target(server)).close().sync();
        assertThat(client.connections()).isEqualTo(1);
        await().until(() -> client.connections() == 0);
        await().until(() -> client.metrics().value(Level.POOLS) == 0);
        assertThat(client.metrics().value(Counter.IDLE_CLOSED)).isEqualTo(1);
        await().until(() -> server.connections() == 0);
        assertThat(mesh.opened(client, Mesh.target(server)).isActive()).isTrue();
    }

    @Test
    void aServerThatOffersFewStreamsGetsMoreConnections() throws Exception {
        List<RawPeer> peers = new CopyOnWriteArrayList<>();
        TunnelTarget target = mesh.rawServer(RawPeer.serverSettings().maxConcurrentStreams(1), peer -> {
            peers.add(peer);
            peer.answerAll();
        });
        HboneClient client = mesh.client();
        mesh.opened(client, target);
        mesh.opened(client, target);
        assertThat(peers).hasSize(2);
        assertThat(client.connections()).isEqualTo(2);
    }

    /** Four unread downloads fill a ztunnel's connection window (ztunnel-measured.md). */
    @Test
    void aStarvedConnectionIsPassedOver() throws Exception {
        List<RawPeer> peers = new CopyOnWriteArrayList<>();
        TunnelTarget target = mesh.rawServer(RawPeer.serverSettings(), peer -> {
            peers.add(peer.keepCredit());
            peer.answerAll();
        });
        HboneClient client = mesh.client();
        Channel first = mesh.opened(client, target);
        // The connection window of a peer that says nothing else is 65,535 bytes.
        first.writeAndFlush(io.netty.buffer.Unpooled.wrappedBuffer(new byte[100_000]));
        Channel second =
                await().until(() -> mesh.opened(client, target), channel -> channel.parent() != first.parent());
        assertThat(second.isActive()).isTrue();
        assertThat(peers).hasSize(2);
        assertThat(client.metrics().value(Counter.STARVED)).isPositive();
        first.close();
    }

    // ---- limits and the end

    @Test
    void overflow() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("127.1.1.3"))) {
            HboneClient client = mesh.built(mesh.clientBuilder().maxWaiting(2).handshakeTimeout(Duration.ofSeconds(2)));
            TunnelTarget target =
                    new TunnelTarget((InetSocketAddress) silent.getLocalSocketAddress(), List.of(), "10.0.0.1:80");
            CompletableFuture<Channel> first = mesh.open(client, mesh.loop, target, new Collector());
            CompletableFuture<Channel> second = mesh.open(client, mesh.loop, target, new Collector());
            await().until(() -> client.metrics().value(Level.TUNNELS_WAITING) == 2);
            mesh.fails(client, target, Kind.OVERFLOW, 0, "2 tunnels wait for a connection to 127.1.1.3:");
            assertThat(client.metrics().value(Counter.TUNNELS_OVERFLOWED)).isEqualTo(1);
            // Both that wait share one connection and its failure.
            assertThat(first).failsWithin(30, TimeUnit.SECONDS);
            assertThat(second).failsWithin(1, TimeUnit.SECONDS);
            assertThat(client.metrics().value(Counter.HANDSHAKES_FAILED)).isEqualTo(1);
            assertThat(client.metrics().value(Level.TUNNELS_WAITING)).isZero();
            // The pool goes on its event loop, right after it told those who waited.
            await().until(() -> client.metrics().value(Level.POOLS) == 0);
        }
    }

    @Test
    void shutdownWaitsForTunnelsAndThenDoesNot() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        Collector collector = new Collector();
        Channel tunnel =
                mesh.open(client, mesh.loop, Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        client.shutdown(500);
        mesh.fails(client, Mesh.target(server), Kind.CONNECTION_CLOSED, 0, "the HBONE client is shutting down");
        tunnel.writeAndFlush(Mesh.bytes("still"));
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("still"));
        collector.closed.get(30, TimeUnit.SECONDS);
        await().until(() -> client.connections() == 0);
    }

    @Test
    void closeReturnsWhenTheSocketsAreClosed() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        Channel connection = mesh.opened(client, Mesh.target(server)).parent();
        assertThat(connection.isOpen()).isTrue();
        client.close();
        assertThat(connection.isOpen()).as("at once, with a tunnel in it").isFalse();
    }

    /** Armeria leaves the accepting loop two quiet seconds unless it is kept from it. */
    @Test
    void aServerClosesAtOnce() throws Exception {
        long quickest = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
            long start = System.nanoTime();
            server.close();
            quickest = Math.min(quickest, System.nanoTime() - start);
        }
        assertThat(quickest).isLessThan(1_000_000_000L);
    }
}
