package io.milepost.hbone;

import static io.milepost.hbone.Mesh.bytes;
import static io.milepost.hbone.Mesh.target;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Error;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class TunnelTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    @Test
    void echoesAndEndsCleanlyInBothDirections() throws Exception {
        CompletableFuture<TunnelRequest> seen = new CompletableFuture<>();
        HboneServer server = mesh.server(request -> {
            seen.complete(request);
            request.accept(new Echo());
        });
        Collector collector = new Collector();
        Channel tunnel = mesh.open(mesh.client(), target(server), collector).get(30, TimeUnit.SECONDS);

        tunnel.writeAndFlush(bytes("hello")).sync();
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("hello"));
        assertThat(server.tunnels()).isEqualTo(1);
        assertThat(server.connections()).isEqualTo(1);
        ((DuplexChannel) tunnel).shutdownOutput().sync();

        collector.inputEnded.get(30, TimeUnit.SECONDS);
        collector.closed.get(30, TimeUnit.SECONDS);
        assertThat(seen.join().authority()).isEqualTo("10.0.0.1:80");
        assertThat(seen.join().peer().principal()).isEqualTo(TestCa.id("client"));
        assertThat(seen.join().peer().localPrincipal()).isEqualTo(TestCa.id("server"));
        assertThat(((TunnelChannel) tunnel).resetCode()).isEqualTo(-1);
        await().untilAsserted(() -> assertThat(server.tunnels()).isZero());
    }

    @Test
    void refusesWithTheStatusOfTheService() {
        HboneServer server = mesh.server(request -> request.refuse(403));
        assertThat(mesh.open(mesh.client(), target(server), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableThat()
                .withMessageContaining("http status: 403");
    }

    @Test
    void closesOnAnUnexpectedIdentity() {
        HboneServer server = mesh.server(request -> request.accept(new Echo()));
        assertThat(mesh.open(mesh.client(), target(server, List.of(TestCa.id("other"))), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableThat()
                .withMessageContaining("did not present the expected SAN");
    }

    /** Under many new connections such timers kept thousands of connections for their ten seconds. */
    @Test
    void aResetTunnelIsForgottenWhenItIsClosed() throws Exception {
        WeakReference<Channel> tunnel = resetWithSomethingUnread();
        await().atMost(8, TimeUnit.SECONDS).until(() -> {
            System.gc();
            return tunnel.refersTo(null);
        });
    }

    private WeakReference<Channel> resetWithSomethingUnread() throws Exception {
        AtomicReference<@Nullable Channel> accepted = new AtomicReference<>();
        HboneServer server = mesh.server(request -> accepted.set(request.accept(new Mesh.Unread())));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, RawPeer.connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 3 :status=200");
        client.sendData(3, "unread", true);
        client.sendReset(3, Http2Error.CANCEL);
        await().until(() -> server.tunnels() == 0);
        Channel tunnel = Objects.requireNonNull(accepted.getAndSet(null));
        assertThat(tunnel.isOpen()).as("keeps what came for its reader").isTrue();
        tunnel.close().sync();
        return new WeakReference<>(tunnel);
    }

    /** Eight tunnels whose connection takes 64 KiB at a time: frames of 1 KiB, as Netty shares by itself, would be 1,024. */
    @Test
    void tunnelsShareACongestedConnectionInWholeFrames() throws Exception {
        HboneServer server = mesh.server(request ->
                request.accept(new Mesh.Unread()).writeAndFlush(Unpooled.wrappedBuffer(new byte[128 << 10])));
        RawPeer client = mesh.raw(server);
        for (int id = 3; id < 19; id += 2) {
            client.sendHeaders(id, RawPeer.connectTo("10.0.0.1:80"), false);
        }
        int frames = 0;
        for (int bytes = 0; bytes < 8 * (128 << 10); frames++) {
            String[] frame = client.await("DATA").split(" ");
            assertThat(frame).as("frames of more than 64 bytes name their size").hasSizeGreaterThan(2);
            bytes += frame[2].chars().allMatch(Character::isDigit) ? Integer.parseInt(frame[2]) : frame[2].length();
        }
        assertThat(frames).isLessThan(300);
        client.closeAndWait();
    }
}
