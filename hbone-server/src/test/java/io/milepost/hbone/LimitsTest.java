package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.connectTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.HboneMetrics.Level;
import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.netty.handler.codec.http2.Http2Error;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every limit of the server: what happens at it, what it counts, and that the others go on. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class LimitsTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    @Test
    void connections() throws Exception {
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).maxConnections(2));
        RawPeer first = mesh.raw(server);
        first.await("SETTINGS");
        RawPeer second = mesh.raw(server);
        second.await("SETTINGS");
        try (Socket third = new Socket()) {
            third.setSoTimeout(10_000);
            // Depending on who is quicker, the reset comes while connecting or on the first read.
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> {
                        third.connect(server.addresses().getFirst());
                        if (third.getInputStream().read() < 0) {
                            throw new EOFException();
                        }
                    })
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(SocketTimeoutException.class);
        }
        await().until(() -> server.metrics().value(Counter.CONNECTIONS_REFUSED) == 1);
        assertThat(server.metrics().value(Level.CONNECTIONS)).isEqualTo(2);

        first.closeAndWait();
        await().until(() -> server.metrics().value(Level.CONNECTIONS) == 1);
        await().untilAsserted(() -> {
            RawPeer fourth = mesh.raw(server);
            fourth.sendHeaders(3, connectTo("10.0.0.1:80"), false);
            assertThat(fourth.await("HEADERS")).isEqualTo("HEADERS 3 :status=200");
        });
        second.closeAndWait();
    }

    @Test
    void streams() throws Exception {
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).maxConcurrentStreams(100));
        RawPeer client = mesh.raw(server);
        assertThat(client.await("SETTINGS")).contains("MAX_CONCURRENT_STREAMS=100");
        client.ignoreLimits();
        for (int i = 0; i < 101; i++) {
            client.sendHeaders(3 + 2 * i, connectTo("10.0.0.1:80"), false);
        }
        assertThat(client.await("RST")).isEqualTo("RST 203 REFUSED_STREAM");
        assertThat(server.metrics().value(Level.TUNNELS)).isEqualTo(100);
        client.sendData(3, "still", true);
        assertThat(client.await("DATA")).startsWith("DATA 3 still");
        client.closeAndWait();
    }

    @Test
    void streamsBelowZtunnelsExpectationAreRefusedAtTheBuilder() {
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> HboneServer.builder().maxConcurrentStreams(99))
                .hasMessageContaining("at least 100");
    }

    @Test
    void rapidResets() throws Exception {
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).maxResets(50, Duration.ofSeconds(30)));
        RawPeer client = mesh.raw(server);
        for (int i = 0; i < 50; i++) {
            client.sendHeaders(3 + 2 * i, connectTo("10.0.0.1:80"), false);
            client.sendReset(3 + 2 * i, Http2Error.CANCEL);
        }
        client.sendHeaders(201, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS 201")).isEqualTo("HEADERS 201 :status=200");
        client.sendReset(201, Http2Error.CANCEL);
        assertThat(client.await("GOAWAY")).endsWith("ENHANCE_YOUR_CALM");
        client.closed().get(30, TimeUnit.SECONDS);
        assertThat(server.metrics().value(Counter.RESETS_RECEIVED)).isGreaterThanOrEqualTo(50);
        await().until(() -> server.tunnels() == 0);
    }

    /** The other way round: errors of the peer for which we must reset. */
    @Test
    void provokedResets() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = mesh.raw(server);
        for (int i = 0; i <= ProvokedResets.MAX; i++) {
            int id = 3 + 2 * i;
            client.sendHeaders(id, connectTo("10.0.0.1:80"), false);
            client.run(() -> client.overflowWindow(id));
            if (i < ProvokedResets.MAX) {
                assertThat(client.await("RST")).isEqualTo("RST " + id + " FLOW_CONTROL_ERROR");
            }
        }
        assertThat(client.await("GOAWAY")).endsWith("ENHANCE_YOUR_CALM");
        client.closed().get(30, TimeUnit.SECONDS);
        assertThat(server.metrics().value(Counter.PROVOKED_RESETS)).isEqualTo(1);
    }

    /** Answers that flow control does not hold back do not pile up for a peer that does not read them. */
    @Test
    void floodOfAnswers() throws Exception {
        String big = "~".repeat(14_000);
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo(), List.of("x-big", big)));
        RawPeer client = mesh.raw(server);
        client.await("SETTINGS");
        client.channel().config().setAutoRead(false);
        client.ignoreLimits();
        for (int i = 0; i < 2_000 && !client.closed().isDone(); i++) {
            client.sendHeaders(3 + 2 * i, connectTo("10.0.0.1:80"), false);
            client.sendReset(3 + 2 * i, Http2Error.CANCEL);
        }
        await().atMost(Duration.ofSeconds(50)).until(() -> server.metrics().value(Counter.FLOODS) == 1);
        await().until(() -> server.connections() == 0 && server.tunnels() == 0);
        client.closeAndWait();
    }

    /** ztunnel-measured.md accepts 60 kB, and so do we. */
    @ParameterizedTest
    @CsvSource({"60000,HEADERS 3 :status=200", "70000,HEADERS 3 :status=431 END", "120000,GOAWAY"})
    void headers(int bytes, String answer) throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = mesh.raw(server);
        client.await("SETTINGS");
        client.ignoreLimits();
        // ~ is long in HPACK's Huffman code: the size on the wire does not shrink below the size that is limited.
        client.sendHeaders(3, connectTo("10.0.0.1:80").add("baggage", "~".repeat(bytes)), false);
        assertThat(client.await(answer.substring(0, 6))).startsWith(answer);
        client.closeAndWait();
    }

    @Test
    void handshakeTime() throws Exception {
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).handshakeTimeout(Duration.ofMillis(200)));
        try (Socket silent = new Socket(
                server.addresses().getFirst().getAddress(),
                server.addresses().getFirst().getPort())) {
            silent.setSoTimeout(10_000);
            InputStream in = silent.getInputStream();
            assertThat(in.read()).isEqualTo(-1);
        }
        assertThat(server.metrics().value(Counter.HANDSHAKE_TIMEOUTS)).isEqualTo(1);
    }

    @Test
    void everyCounterAndLevelIsExported() {
        var registry = new io.micrometer.core.instrument.simple.SimpleMeterRegistry();
        HboneServer server = mesh.server(tunnel -> tunnel.refuse(404));
        server.metrics().bindTo(registry);
        HboneClient client = mesh.client();
        client.metrics().bindTo(registry);
        assertThat(mesh.open(client, Mesh.target(server), new Collector())).failsWithin(30, TimeUnit.SECONDS);
        for (Counter counter : Counter.values()) {
            assertThat(registry.find(counter.meterName()).functionCounters()).hasSize(2);
        }
        assertThat(registry.get("milepost.hbone.tunnels.refused")
                        .tag("side", "server")
                        .functionCounter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("milepost.hbone.connections")
                        .tag("side", "client")
                        .gauge()
                        .value())
                .isEqualTo(1);
    }
}
