package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.headers;
import static io.milepost.hbone.RawPeer.streamOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.HboneMetrics.Level;
import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.milepost.hbone.TunnelException.Kind;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Settings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client's pool and its errors: hbone-and-ztunnel.md §1.7, ztunnel-measured.md "Pool" and "As client". */
@SuppressWarnings({"FutureReturnValueIgnored", "ReferenceEquality"}) // which connection it is
@Timeout(180)
class ClientPoolTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    private final EventLoop loop = mesh.loops.next();

    private Channel opened(HboneClient client, TunnelTarget target) throws Exception {
        return mesh.open(client, loop, target, new Collector()).get(30, TimeUnit.SECONDS);
    }

    private void fails(HboneClient client, TunnelTarget target, Kind kind, int status, String text) {
        assertThat(mesh.open(client, loop, target, new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .havingCause()
                .isInstanceOfSatisfying(TunnelException.class, e -> {
                    assertThat(e.kind()).isEqualTo(kind);
                    assertThat(e.status()).isEqualTo(status);
                    assertThat(e).hasMessageContaining(text);
                });
    }

    private TunnelTarget rawServer(Http2Settings settings, Consumer<RawPeer> onPeer) throws Exception {
        Channel listener = RawPeer.listen(
                mesh.loops, new InetSocketAddress("127.1.1.3", 0), RawPeer.Tls.of(mesh.ca, "server"), settings, onPeer);
        return new TunnelTarget(
                (InetSocketAddress) listener.localAddress(), List.of(TestCa.id("server")), "10.0.0.1:80");
    }

    // ---- sharing

    @Test
    void manyTunnelsAtOnceMakeOneConnectionPerHundred() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        List<CompletableFuture<Channel>> opening = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            opening.add(mesh.open(client, loop, Mesh.target(server), new Collector()));
        }
        CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new)).get(120, TimeUnit.SECONDS);
        assertThat(server.metrics().value(Counter.CONNECTIONS_OPENED)).isEqualTo(1);
        assertThat(client.metrics().value(Level.TUNNELS)).isEqualTo(100);
        Channel next = opened(client, Mesh.target(server));
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
        Channel first = opened(client, plain);
        // Authority and headers do not matter: two services and a pod behind one waypoint share it.
        Channel sameKey = opened(
                client,
                new TunnelTarget(plain.address(), plain.identities(), "", "10.0.0.2:81", List.of("baggage", "")));
        assertThat(sameKey.parent()).isSameAs(first.parent());
        Channel otherSource = opened(
                client, new TunnelTarget(plain.address(), plain.identities(), "10.1.1.1", "10.0.0.1:80", List.of()));
        assertThat(otherSource.parent()).isNotSameAs(first.parent());
        Channel otherIdentities = opened(client, Mesh.target(server, List.of(TestCa.id("server"), TestCa.id("other"))));
        assertThat(otherIdentities.parent()).isNotSameAs(first.parent());
        EventLoop other = mesh.loops.next();
        Channel otherLoop = mesh.open(client, other == loop ? mesh.loops.next() : other, plain, new Collector())
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
        opened(client, Mesh.target(server)).close().sync();
        assertThat(client.connections()).isEqualTo(1);
        await().until(() -> client.connections() == 0);
        await().until(() -> client.metrics().value(Level.POOLS) == 0);
        assertThat(client.metrics().value(Counter.IDLE_CLOSED)).isEqualTo(1);
        await().until(() -> server.connections() == 0);
        assertThat(opened(client, Mesh.target(server)).isActive()).isTrue();
    }

    @Test
    void aServerThatOffersFewStreamsGetsMoreConnections() throws Exception {
        List<RawPeer> peers = new CopyOnWriteArrayList<>();
        TunnelTarget target = rawServer(RawPeer.serverSettings().maxConcurrentStreams(1), peer -> {
            peers.add(peer);
            peer.answerAll();
        });
        HboneClient client = mesh.client();
        opened(client, target);
        opened(client, target);
        assertThat(peers).hasSize(2);
        assertThat(client.connections()).isEqualTo(2);
    }

    /** Four unread downloads fill a ztunnel's connection window (ztunnel-measured.md). */
    @Test
    void aStarvedConnectionIsPassedOver() throws Exception {
        List<RawPeer> peers = new CopyOnWriteArrayList<>();
        TunnelTarget target = rawServer(RawPeer.serverSettings(), peer -> {
            peers.add(peer.keepCredit());
            peer.answerAll();
        });
        HboneClient client = mesh.client();
        Channel first = opened(client, target);
        // The connection window of a peer that says nothing else is 65,535 bytes.
        first.writeAndFlush(io.netty.buffer.Unpooled.wrappedBuffer(new byte[100_000]));
        Channel second = await().until(() -> opened(client, target), channel -> channel.parent() != first.parent());
        assertThat(second.isActive()).isTrue();
        assertThat(peers).hasSize(2);
        assertThat(client.metrics().value(Counter.STARVED)).isPositive();
        first.close();
    }

    // ---- limits and times

    @Test
    void overflow() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("127.1.1.3"))) {
            HboneClient client = mesh.built(mesh.clientBuilder().maxWaiting(2).handshakeTimeout(Duration.ofSeconds(2)));
            TunnelTarget target =
                    new TunnelTarget((InetSocketAddress) silent.getLocalSocketAddress(), List.of(), "10.0.0.1:80");
            CompletableFuture<Channel> first = mesh.open(client, loop, target, new Collector());
            CompletableFuture<Channel> second = mesh.open(client, loop, target, new Collector());
            await().until(() -> client.metrics().value(Level.TUNNELS_WAITING) == 2);
            fails(client, target, Kind.OVERFLOW, 0, "2 tunnels wait for a connection to 127.1.1.3:");
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
    void handshakeTimeout() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("127.1.1.3"))) {
            HboneClient client = mesh.built(mesh.clientBuilder().handshakeTimeout(Duration.ofMillis(200)));
            fails(
                    client,
                    new TunnelTarget((InetSocketAddress) silent.getLocalSocketAddress(), List.of(), "10.0.0.1:80"),
                    Kind.TLS,
                    0,
                    "handshake timed out after 200ms");
        }
    }

    /** The text of issue 3 §2. */
    @Test
    void refusedConnection() throws Exception {
        int port;
        try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getByName("127.1.1.3"))) {
            port = gone.getLocalPort();
        }
        HboneClient client = mesh.client();
        fails(
                client,
                new TunnelTarget(new InetSocketAddress("127.1.1.3", port), List.of(), "10.0.0.1:80"),
                Kind.CONNECT_FAILED,
                0,
                "connection to 127.1.1.3:" + port
                        + " refused: is the target's ztunnel running, or does a NetworkPolicy block " + port + "?");
        assertThat(client.metrics().value(Counter.CONNECT_FAILED)).isEqualTo(1);
    }

    /** A full accept queue drops SYNs, like a NetworkPolicy. */
    @Test
    void connectTimeout() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.1.1.3"))) {
            List<java.nio.channels.SocketChannel> fillers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                java.nio.channels.SocketChannel filler = java.nio.channels.SocketChannel.open();
                filler.configureBlocking(false);
                filler.connect(full.getLocalSocketAddress());
                fillers.add(filler);
            }
            HboneClient client = mesh.built(mesh.clientBuilder().connectTimeout(Duration.ofMillis(300)));
            fails(
                    client,
                    new TunnelTarget((InetSocketAddress) full.getLocalSocketAddress(), List.of(), "10.0.0.1:80"),
                    Kind.CONNECT_TIMEOUT,
                    0,
                    "timed out after 300 ms: maybe a NetworkPolicy is blocking HBONE port " + full.getLocalPort());
            assertThat(client.metrics().value(Counter.CONNECT_TIMEOUTS)).isEqualTo(1);
            for (java.nio.channels.SocketChannel filler : fillers) {
                filler.close();
            }
        }
    }

    @Test
    void answerTimeout() throws Exception {
        List<String> frames = new CopyOnWriteArrayList<>();
        TunnelTarget target = rawServer(RawPeer.serverSettings(), peer -> peer.script(frames::add));
        HboneClient client = mesh.built(mesh.clientBuilder().answerTimeout(Duration.ofMillis(200)));
        fails(client, target, Kind.CONNECT_TIMEOUT, 0, "CONNECT 10.0.0.1:80 was not answered by 127.1.1.3:");
        await().until(() -> frames.contains("RST 3 CANCEL"));
        assertThat(client.metrics().value(Counter.ANSWER_TIMEOUTS)).isEqualTo(1);
        assertThat(client.connections()).isEqualTo(1);
    }

    // ---- answers

    @ParameterizedTest
    @ValueSource(strings = {"201", "204", "301", "401", "403", "404", "503"})
    void whatIsNot200IsARefusalAndTheConnectionStays(String status) throws Exception {
        List<String> frames = new CopyOnWriteArrayList<>();
        TunnelTarget target = rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    frames.add(frame);
                    if (frame.startsWith("HEADERS 3")) {
                        peer.sendHeaders(3, headers(":status", status), false);
                    } else if (frame.startsWith("HEADERS 5")) {
                        // Informational heads before the 200 are fine.
                        peer.sendHeaders(5, headers(":status", "103"), false);
                        peer.sendHeaders(5, headers(":status", "200"), false);
                    }
                }));
        HboneClient client = mesh.client();
        fails(client, target, Kind.REFUSED, Integer.parseInt(status), "http status: " + status);
        await().until(() -> frames.contains("RST 3 CANCEL"));
        assertThat(opened(client, target).isActive()).isTrue();
        assertThat(client.connections()).isEqualTo(1);
        assertThat(client.metrics().value(Counter.TUNNELS_REFUSED)).isEqualTo(1);
    }

    // ---- second tries

    @Test
    void aRefusedStreamIsOpenedAgain() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        TunnelTarget target = rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        if (refused.getAndIncrement() == 0) {
                            peer.sendReset(streamOf(frame), Http2Error.REFUSED_STREAM);
                        } else {
                            peer.sendHeaders(streamOf(frame), headers(":status", "200"), false);
                        }
                    }
                }));
        HboneClient client = mesh.client();
        assertThat(opened(client, target).isActive()).isTrue();
        assertThat(refused).hasValue(2);
        assertThat(client.metrics().value(Counter.TUNNELS_RETRIED)).isEqualTo(1);
    }

    @Test
    void butOnlyOnce() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        TunnelTarget target = rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        refused.incrementAndGet();
                        peer.sendReset(streamOf(frame), Http2Error.REFUSED_STREAM);
                    }
                }));
        fails(mesh.client(), target, Kind.CONNECTION_CLOSED, 0, "with REFUSED_STREAM before CONNECT 10.0.0.1:80");
        assertThat(refused).hasValue(2);
    }

    @Test
    void anyOtherResetIsAnError() throws Exception {
        AtomicInteger seen = new AtomicInteger();
        TunnelTarget target = rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        seen.incrementAndGet();
                        peer.sendReset(streamOf(frame), Http2Error.INTERNAL_ERROR);
                    }
                }));
        fails(mesh.client(), target, Kind.CONNECTION_CLOSED, 0, "with INTERNAL_ERROR before CONNECT 10.0.0.1:80");
        assertThat(seen).hasValue(1);
    }

    /** A GOAWAY below the stream says that nothing of it was done. */
    @Test
    void aTunnelThatAGoAwayOvertookIsOpenedElsewhere() throws Exception {
        List<RawPeer> peers = new CopyOnWriteArrayList<>();
        TunnelTarget target = rawServer(RawPeer.serverSettings(), peer -> {
            peers.add(peer);
            boolean first = peers.size() == 1;
            peer.script(frame -> {
                if (frame.startsWith("HEADERS 3") || !first && frame.startsWith("HEADERS")) {
                    peer.sendHeaders(streamOf(frame), headers(":status", "200"), false);
                } else if (frame.startsWith("HEADERS")) {
                    peer.sendGoAway(3, Http2Error.NO_ERROR);
                }
            });
        });
        HboneClient client = mesh.client();
        Collector collector = new Collector();
        Channel old = mesh.open(client, loop, target, collector).get(30, TimeUnit.SECONDS);
        Channel moved = opened(client, target);
        assertThat(moved.parent()).isNotSameAs(old.parent());
        assertThat(client.metrics().value(Counter.TUNNELS_RETRIED)).isEqualTo(1);
        // The older stream goes on.
        peers.getFirst().sendData(3, "goes on", false);
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("goes on"));
    }

    /** One reset is one application connection that broke; the other tunnels have nothing to do with it. */
    @Test
    void manyResetsOfTheServerDoNotEndTheConnection() throws Exception {
        TunnelTarget target = rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        peer.sendHeaders(streamOf(frame), headers(":status", "200"), false);
                        if (streamOf(frame) > 3) {
                            peer.sendReset(streamOf(frame), Http2Error.CANCEL);
                        }
                    }
                }));
        HboneClient client = mesh.client();
        Channel first = opened(client, target);
        for (int batch = 0; batch < 6; batch++) {
            List<Collector> readers = new ArrayList<>();
            List<CompletableFuture<Channel>> opening = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                readers.add(new Collector());
                opening.add(mesh.open(client, loop, target, readers.getLast()));
            }
            CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new)).get(120, TimeUnit.SECONDS);
            for (Collector reader : readers) {
                reader.closed.get(120, TimeUnit.SECONDS);
            }
        }
        assertThat(client.metrics().value(Counter.RESETS_RECEIVED)).isEqualTo(300);
        assertThat(client.metrics().value(Counter.CONNECTIONS_OPENED)).isEqualTo(1);
        assertThat(first.isActive()).isTrue();
    }

    @Test
    void aLostConnectionFailsWhatWaitsForItsAnswer() throws Exception {
        TunnelTarget target = rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        peer.channel().close();
                    }
                }));
        HboneClient client = mesh.client();
        fails(client, target, Kind.CONNECTION_CLOSED, 0, "closed before CONNECT 10.0.0.1:80 was answered");
        await().until(() -> client.connections() == 0);
    }

    @Test
    void shutdownWaitsForTunnelsAndThenDoesNot() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        Collector collector = new Collector();
        Channel tunnel = mesh.open(client, loop, Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        client.shutdown(500);
        fails(client, Mesh.target(server), Kind.CONNECTION_CLOSED, 0, "the HBONE client is shutting down");
        tunnel.writeAndFlush(Mesh.bytes("still"));
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("still"));
        collector.closed.get(30, TimeUnit.SECONDS);
        await().until(() -> client.connections() == 0);
    }

    // ---- end

    @Test
    void closeReturnsWhenTheSocketsAreClosed() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        Channel connection = opened(client, Mesh.target(server)).parent();
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
