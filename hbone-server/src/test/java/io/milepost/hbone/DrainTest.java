package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.connectTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The ends of connections that nobody asked for: drain, silent peers, idle time. */
@SuppressWarnings({"FutureReturnValueIgnored", "ReferenceEquality"}) // which connection it is
@Timeout(180)
class DrainTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    /**
     * ztunnel retries nothing, so a CONNECT between the two GOAWAYs must be answered (ztunnel-measured.md, "What our side
     * must do").
     */
    @Test
    void losesNoTunnelOfTheRace() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = mesh.raw(server);
        client.script(frame -> {
            if (frame.equals("GOAWAY 2147483647 NO_ERROR")) {
                // Before the PING behind it is answered.
                client.sendHeaders(5, connectTo("10.0.0.1:80"), false);
            }
        });
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 3 :status=200");
        CompletableFuture<Void> drained = server.drain(30_000);
        client.await("GOAWAY 2147483647 NO_ERROR");
        client.await("HEADERS 5 :status=200");
        client.await("GOAWAY 5 NO_ERROR");

        client.sendData(3, "goes on", false);
        assertThat(client.await("DATA")).isEqualTo("DATA 3 goes on");
        client.sendData(3, "", true);
        client.await("DATA 3 END");
        assertThat(drained).isNotDone();
        client.sendData(5, "last", true);
        client.await("DATA 5 last");
        drained.get(30, TimeUnit.SECONDS);
        client.closed().get(30, TimeUnit.SECONDS);
        assertThat(server.connections()).isZero();
    }

    /** The client's GOAWAY is about streams of the server; its tunnels go on and it may open more, as with Envoy. */
    @Test
    void theClientsGoAwayEndsNothing() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 3 :status=200");
        client.sendGoAway(0, Http2Error.NO_ERROR);
        client.sendHeaders(5, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 5 :status=200");
        client.sendData(3, "goes on", false);
        assertThat(client.await("DATA")).isEqualTo("DATA 3 goes on");
        client.sendData(3, "", true);
        client.await("DATA 3 END");
        client.sendData(5, "", true);
        client.await("DATA 5 END");
        assertThat(server.connections()).isEqualTo(1);
        client.closeAndWait();
    }

    @Test
    void endsAtTheDeadline() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        Collector collector = new Collector();
        HboneClient client = mesh.client();
        mesh.open(client, Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        long before = System.nanoTime();
        server.drain(500).get(30, TimeUnit.SECONDS);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(500));
        collector.closed.get(30, TimeUnit.SECONDS);
        await().until(() -> client.connections() == 0);
    }

    /** Until the listener closes, connections still come; they are served and drained at once. */
    @Test
    void drainsConnectionsThatComeLate() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer early = mesh.raw(server);
        early.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        early.await("HEADERS 3");
        server.drain(30_000);
        early.await("GOAWAY 3");
        RawPeer late = mesh.raw(server);
        late.sendHeaders(3, connectTo("10.0.0.1:80"), true);
        late.await("HEADERS 3 :status=200");
        late.await("GOAWAY");
        late.closed().get(30, TimeUnit.SECONDS);
        early.closeAndWait();
    }

    /** The client of this library opens new tunnels elsewhere and keeps the old ones. */
    @Test
    void theClientLeavesADrainedConnection() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        var loop = mesh.loops.next();
        Collector first = new Collector();
        Channel old = mesh.open(client, loop, Mesh.target(server), first).get(30, TimeUnit.SECONDS);
        server.drain(30_000);
        Collector second = new Collector();
        Channel fresh = await().until(
                        () -> mesh.open(client, loop, Mesh.target(server), second)
                                .get(30, TimeUnit.SECONDS),
                        channel -> channel.parent() != old.parent());
        old.writeAndFlush(Mesh.bytes("old"));
        fresh.writeAndFlush(Mesh.bytes("fresh"));
        await().untilAsserted(() -> assertThat(first.text()).isEqualTo("old"));
        await().untilAsserted(() -> assertThat(second.text()).isEqualTo("fresh"));
        old.close();
        fresh.close();
    }

    @Test
    void theServerNoticesADeadPeer() throws Exception {
        CompletableFuture<Channel> tunnel = new CompletableFuture<>();
        Collector collector = new Collector();
        HboneServer server = mesh.started(mesh.serverBuilder(request -> tunnel.complete(request.accept(collector)))
                .ping(Duration.ofMillis(100), Duration.ofMillis(300)));
        RawPeer dead = RawPeer.connect(
                mesh.loops,
                server.addresses().getFirst(),
                RawPeer.Tls.of(mesh.ca, "raw"),
                RawPeer.clientSettings(),
                false);
        dead.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        dead.await("HEADERS 3");
        dead.await("PING");
        assertThat(dead.await("GOAWAY")).isEqualTo("GOAWAY 3 NO_ERROR");
        dead.closed().get(30, TimeUnit.SECONDS);
        collector.closed.get(30, TimeUnit.SECONDS);
        assertThat(server.metrics().value(Counter.PING_TIMEOUTS)).isEqualTo(1);
    }

    /** Pings go out under traffic too, and an answering peer is left alone. */
    @Test
    void theServerKeepsALivingPeer() throws Exception {
        HboneServer server = mesh.started(mesh.serverBuilder(request -> request.accept(new Echo()))
                .ping(Duration.ofMillis(50), Duration.ofSeconds(1)));
        RawPeer alive = mesh.raw(server);
        alive.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        // For longer than a silent peer would be left alone.
        for (int i = 0; i < 30; i++) {
            alive.await("PING");
        }
        alive.sendData(3, "alive", false);
        assertThat(alive.await("DATA")).isEqualTo("DATA 3 alive");
        alive.closeAndWait();
    }

    @Test
    void theClientNoticesADeadPeer() throws Exception {
        Channel listener = RawPeer.listen(
                mesh.loops,
                new InetSocketAddress("127.1.1.3", 0),
                RawPeer.Tls.of(mesh.ca, "server"),
                RawPeer.serverSettings(),
                false,
                RawPeer::answerAll);
        HboneClient client = mesh.built(mesh.clientBuilder().ping(Duration.ofMillis(100), Duration.ofMillis(300)));
        Collector collector = new Collector();
        mesh.open(
                        client,
                        new TunnelTarget(
                                (InetSocketAddress) listener.localAddress(),
                                List.of(TestCa.id("server")),
                                "10.0.0.1:80"),
                        collector)
                .get(30, TimeUnit.SECONDS);
        collector.closed.get(30, TimeUnit.SECONDS);
        assertThat(client.metrics().value(Counter.PING_TIMEOUTS)).isEqualTo(1);
        await().until(() -> client.connections() == 0);
    }

    @Test
    void theServerEndsIdleConnections() throws Exception {
        HboneServer server = mesh.started(mesh.serverBuilder(request -> request.accept(new Echo()))
                .ping(Duration.ofMillis(50), Duration.ofSeconds(10))
                .idleTimeout(Duration.ofMillis(200)));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 3");
        // A tunnel without traffic is not idle.
        for (int i = 0; i < 8; i++) {
            client.await("PING");
        }
        assertThat(server.connections()).isEqualTo(1);
        client.sendData(3, "", true);
        client.await("GOAWAY 2147483647");
        client.await("GOAWAY 3");
        client.closed().get(30, TimeUnit.SECONDS);
        assertThat(server.metrics().value(Counter.IDLE_CLOSED)).isEqualTo(1);
    }

    @Test
    void closeEndsEverything() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        Collector collector = new Collector();
        mesh.open(mesh.client(), Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        server.close();
        collector.closed.get(30, TimeUnit.SECONDS);
        await().until(() -> server.connections() == 0);
    }

    /** Armeria closes a connection gracefully, also after an exception in its pipeline: not before its last tunnel ends. */
    @Test
    void closeEndsAConnectionThatWaitsForItsTunnels() throws Exception {
        CompletableFuture<Channel> tunnel = new CompletableFuture<>();
        Collector collector = new Collector();
        HboneServer server = mesh.server(request -> tunnel.complete(request.accept(new Echo())));
        mesh.open(mesh.client(), Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        Channel connection = tunnel.get(30, TimeUnit.SECONDS).parent();
        connection.close();
        connection.eventLoop().submit(() -> {}).sync();
        assertThat(collector.closed).isNotDone();
        CompletableFuture.runAsync(server::close).get(30, TimeUnit.SECONDS);
        collector.closed.get(30, TimeUnit.SECONDS);
    }
}
