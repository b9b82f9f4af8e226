package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.headers;
import static io.milepost.hbone.RawPeer.streamOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.TunnelException.Kind;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How opening a tunnel fails, and when it is tried again: ztunnel-measured.md "As client". */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class TunnelOpeningTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    // ---- times

    @Test
    void handshakeTimeout() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("127.1.1.3"))) {
            HboneClient client = mesh.built(mesh.clientBuilder().handshakeTimeout(Duration.ofMillis(200)));
            mesh.fails(
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
        mesh.fails(
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
            mesh.fails(
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
        TunnelTarget target = mesh.rawServer(RawPeer.serverSettings(), peer -> peer.script(frames::add));
        HboneClient client = mesh.built(mesh.clientBuilder().answerTimeout(Duration.ofMillis(200)));
        mesh.fails(client, target, Kind.CONNECT_TIMEOUT, 0, "CONNECT 10.0.0.1:80 was not answered by 127.1.1.3:");
        await().until(() -> frames.contains("RST 3 CANCEL"));
        assertThat(client.metrics().value(Counter.ANSWER_TIMEOUTS)).isEqualTo(1);
        assertThat(client.connections()).isEqualTo(1);
    }

    // ---- answers

    @ParameterizedTest
    @ValueSource(strings = {"201", "204", "301", "401", "403", "404", "503"})
    void whatIsNot200IsARefusalAndTheConnectionStays(String status) throws Exception {
        List<String> frames = new CopyOnWriteArrayList<>();
        TunnelTarget target = mesh.rawServer(
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
        mesh.fails(client, target, Kind.REFUSED, Integer.parseInt(status), "http status: " + status);
        await().until(() -> frames.contains("RST 3 CANCEL"));
        assertThat(mesh.opened(client, target).isActive()).isTrue();
        assertThat(client.connections()).isEqualTo(1);
        assertThat(client.metrics().value(Counter.TUNNELS_REFUSED)).isEqualTo(1);
    }

    // ---- second tries

    @Test
    void aRefusedStreamIsOpenedAgain() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        TunnelTarget target = mesh.rawServer(
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
        assertThat(mesh.opened(client, target).isActive()).isTrue();
        assertThat(refused).hasValue(2);
        assertThat(client.metrics().value(Counter.TUNNELS_RETRIED)).isEqualTo(1);
    }

    @Test
    void butOnlyOnce() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        TunnelTarget target = mesh.rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        refused.incrementAndGet();
                        peer.sendReset(streamOf(frame), Http2Error.REFUSED_STREAM);
                    }
                }));
        mesh.fails(mesh.client(), target, Kind.CONNECTION_CLOSED, 0, "with REFUSED_STREAM before CONNECT 10.0.0.1:80");
        assertThat(refused).hasValue(2);
    }

    @Test
    void anyOtherResetIsAnError() throws Exception {
        AtomicInteger seen = new AtomicInteger();
        TunnelTarget target = mesh.rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        seen.incrementAndGet();
                        peer.sendReset(streamOf(frame), Http2Error.INTERNAL_ERROR);
                    }
                }));
        mesh.fails(mesh.client(), target, Kind.CONNECTION_CLOSED, 0, "with INTERNAL_ERROR before CONNECT 10.0.0.1:80");
        assertThat(seen).hasValue(1);
    }

    /** A GOAWAY below the stream says that nothing of it was done. */
    @Test
    void aTunnelThatAGoAwayOvertookIsOpenedElsewhere() throws Exception {
        List<RawPeer> peers = new CopyOnWriteArrayList<>();
        TunnelTarget target = mesh.rawServer(RawPeer.serverSettings(), peer -> {
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
        Channel old = mesh.open(client, mesh.loop, target, collector).get(30, TimeUnit.SECONDS);
        Channel moved = mesh.opened(client, target);
        assertThat(moved.parent()).isNotSameAs(old.parent());
        assertThat(client.metrics().value(Counter.TUNNELS_RETRIED)).isEqualTo(1);
        // The older stream goes on.
        peers.getFirst().sendData(3, "goes on", false);
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("goes on"));
    }

    /** One reset is one application connection that broke; the other tunnels have nothing to do with it. */
    @Test
    void manyResetsOfTheServerDoNotEndTheConnection() throws Exception {
        TunnelTarget target = mesh.rawServer(
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
        Channel first = mesh.opened(client, target);
        for (int batch = 0; batch < 6; batch++) {
            List<Collector> readers = new ArrayList<>();
            List<CompletableFuture<Channel>> opening = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                readers.add(new Collector());
                opening.add(mesh.open(client, mesh.loop, target, readers.getLast()));
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
        TunnelTarget target = mesh.rawServer(
                RawPeer.serverSettings(),
                peer -> peer.script(frame -> {
                    if (frame.startsWith("HEADERS")) {
                        peer.channel().close();
                    }
                }));
        HboneClient client = mesh.client();
        mesh.fails(client, target, Kind.CONNECTION_CLOSED, 0, "closed before CONNECT 10.0.0.1:80 was answered");
        await().until(() -> client.connections() == 0);
    }
}
