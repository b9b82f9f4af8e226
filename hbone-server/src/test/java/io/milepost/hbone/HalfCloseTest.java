package io.milepost.hbone;

import static io.milepost.hbone.Mesh.bytes;
import static io.milepost.hbone.RawPeer.connectTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Unread;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Error;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How tunnels end: each direction by itself, both, not cleanly. hbone-and-ztunnel.md §1.5, ztunnel-measured.md "Half close". */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class HalfCloseTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    private final CompletableFuture<TunnelChannel> accepted = new CompletableFuture<>();
    private final Collector atServer = new Collector();

    private HboneServer server() {
        return mesh.server(request -> accepted.complete((TunnelChannel) request.accept(atServer)));
    }

    private TunnelChannel serverSide() throws Exception {
        return accepted.get(30, TimeUnit.SECONDS);
    }

    private TunnelChannel open(HboneServer server, Collector collector) throws Exception {
        return (TunnelChannel)
                mesh.open(mesh.client(), Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
    }

    private RawPeer raw(HboneServer server) throws Exception {
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 3 :status=200");
        return client;
    }

    @Test
    void theClientEndsFirst() throws Exception {
        HboneServer server = server();
        Collector atClient = new Collector();
        TunnelChannel client = open(server, atClient);
        client.write(bytes("request"));
        client.shutdownOutput().sync();
        assertThat(client.isOutputShutdown()).isTrue();
        assertThat(client.isInputShutdown()).isFalse();
        atServer.inputEnded.get(30, TimeUnit.SECONDS);
        // What was written but not flushed goes out before the end.
        assertThat(atServer.text()).isEqualTo("request");
        TunnelChannel other = serverSide();
        assertThat(other.isInputShutdown()).isTrue();
        assertThat(other.isActive()).isTrue();

        other.writeAndFlush(bytes("long ")).sync();
        other.writeAndFlush(bytes("answer")).sync();
        await().untilAsserted(() -> assertThat(atClient.text()).isEqualTo("long answer"));
        assertThat(client.isActive()).isTrue();
        other.shutdownOutput().sync();
        atClient.inputEnded.get(30, TimeUnit.SECONDS);
        atClient.closed.get(30, TimeUnit.SECONDS);
        atServer.closed.get(30, TimeUnit.SECONDS);
        assertThat(client.resetCode()).isEqualTo(-1);
        assertThat(other.resetCode()).isEqualTo(-1);
    }

    @Test
    void theServerEndsFirst() throws Exception {
        HboneServer server = server();
        Collector atClient = new Collector();
        TunnelChannel client = open(server, atClient);
        serverSide().writeAndFlush(bytes("greeting"));
        serverSide().shutdownOutput().sync();
        atClient.inputEnded.get(30, TimeUnit.SECONDS);
        assertThat(atClient.text()).isEqualTo("greeting");
        assertThat(client.isActive()).isTrue();

        client.writeAndFlush(bytes("still talking")).sync();
        await().untilAsserted(() -> assertThat(atServer.text()).isEqualTo("still talking"));
        client.shutdownOutput().sync();
        atServer.closed.get(30, TimeUnit.SECONDS);
        atClient.closed.get(30, TimeUnit.SECONDS);
        assertThat(client.resetCode()).isEqualTo(-1);
    }

    /** close() promises that all written bytes arrive, and tells the peer that nobody listens any more. */
    @Test
    void closeOfTheServer() throws Exception {
        RawPeer client = raw(server());
        serverSide().writeAndFlush(bytes("bye"));
        serverSide().close();
        assertThat(client.await("DATA")).startsWith("DATA 3 bye");
        assertThat(client.await("RST")).isEqualTo("RST 3 NO_ERROR");
        client.closeAndWait();
    }

    @Test
    void closeAfterBothEndedIsNoReset() throws Exception {
        RawPeer client = raw(server());
        client.sendData(3, "all", true);
        atServer.inputEnded.get(30, TimeUnit.SECONDS);
        serverSide().close();
        client.await("DATA 3 END");
        client.sendHeaders(5, connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 5");
        assertThat(client.frames()).noneMatch(frame -> frame.startsWith("RST 3"));
        client.closeAndWait();
    }

    @Test
    void abort() throws Exception {
        RawPeer client = raw(server());
        serverSide().writeAndFlush(bytes("half")).sync();
        assertThat(client.await("DATA")).isEqualTo("DATA 3 half");
        serverSide().abort();
        assertThat(client.await("RST")).isEqualTo("RST 3 CANCEL");
        client.closeAndWait();
        assertThat(client.frames()).noneMatch(frame -> frame.endsWith("END"));
    }

    @Test
    void abortOfTheClientReachesTheServer() throws Exception {
        HboneServer server = server();
        TunnelChannel client = open(server, new Collector());
        client.writeAndFlush(bytes("half")).sync();
        await().untilAsserted(() -> assertThat(atServer.text()).isEqualTo("half"));
        client.abort();
        atServer.closed.get(30, TimeUnit.SECONDS);
        assertThat(serverSide().resetCode()).isEqualTo(Http2Error.CANCEL.code());
    }

    @ParameterizedTest
    @EnumSource(
            value = Http2Error.class,
            names = {"NO_ERROR", "CANCEL", "INTERNAL_ERROR", "STREAM_CLOSED", "CONNECT_ERROR"})
    void resetsOfThePeer(Http2Error error) throws Exception {
        RawPeer client = raw(server());
        client.sendData(3, "before", false);
        await().untilAsserted(() -> assertThat(atServer.text()).isEqualTo("before"));
        client.sendReset(3, error);
        atServer.closed.get(30, TimeUnit.SECONDS);
        assertThat(serverSide().resetCode()).isEqualTo(error.code());
        assertThat(serverSide().isActive()).isFalse();
        client.closeAndWait();
    }

    /** NO_ERROR and CANCEL are clean ends: what came before belongs to the reader. Other codes say that it is worthless. */
    @ParameterizedTest
    @EnumSource(
            value = Http2Error.class,
            names = {"CANCEL", "INTERNAL_ERROR"})
    void whatWaitsUnreadWhenAResetComes(Http2Error error) throws Exception {
        Unread reader = new Unread();
        HboneServer server = mesh.server(request -> accepted.complete((TunnelChannel) request.accept(reader)));
        RawPeer client = raw(server);
        client.sendData(3, Unpooled.wrappedBuffer(new byte[50_000]), false);
        await().until(() -> serverSide().queuedBytes() == 50_000);
        client.sendReset(3, error);
        await().until(() -> serverSide().resetCode() == error.code());
        serverSide()
                .eventLoop()
                .submit(() -> accepted.join().config().setAutoRead(true))
                .sync();
        reader.closed.get(30, TimeUnit.SECONDS);
        assertThat(reader.bytes()).isEqualTo(error == Http2Error.CANCEL ? 50_000 : 0);
        client.closeAndWait();
    }

    /** A writer that answers room with more writes must not keep the event loop when the peer is gone. */
    @ParameterizedTest
    @EnumSource(
            value = Http2Error.class,
            names = {"NO_ERROR", "CANCEL", "INTERNAL_ERROR"})
    void aResetStopsAnEagerWriter(Http2Error error) throws Exception {
        BackPressureTest.Writer writer = new BackPressureTest.Writer(Long.MAX_VALUE);
        HboneServer server = mesh.server(request -> accepted.complete((TunnelChannel) request.accept(writer)));
        RawPeer client = raw(server);
        // Something unread, so that the tunnel does not end at once.
        serverSide()
                .eventLoop()
                .submit(() -> accepted.join().config().setAutoRead(false))
                .sync();
        client.sendData(3, "unread", false);
        await().until(() -> serverSide().queuedBytes() == 6);
        client.sendReset(3, error);
        await().until(() -> serverSide().resetCode() == error.code());
        long written = serverSide().eventLoop().submit(writer::written).get(30, TimeUnit.SECONDS);
        assertThat(serverSide().isWritable()).isFalse();
        assertThat(serverSide().eventLoop().submit(writer::written).get(30, TimeUnit.SECONDS))
                .isEqualTo(written);
        serverSide().close().sync();
        client.closeAndWait();
    }

    /** Wrote 1 MB, not flushed yet, to a reader whose window holds 64 KiB. */
    private TunnelChannel writing(Unread reader) throws Exception {
        HboneServer server =
                mesh.started(mesh.serverBuilder(request -> accepted.complete((TunnelChannel) request.accept(reader)))
                        .streamWindow(64 << 10));
        TunnelChannel client = open(server, new Collector());
        for (int i = 0; i < 20; i++) {
            client.write(Unpooled.wrappedBuffer(new byte[50_000]));
        }
        return client;
    }

    @Test
    void endBehindBytesThatThePeerHasNoRoomFor() throws Exception {
        Unread reader = new Unread();
        TunnelChannel client = writing(reader);
        CompletableFuture<Void> ended = new CompletableFuture<>();
        client.flush();
        client.shutdownOutput().addListener(done -> ended.complete(null));
        await().until(() -> serverSide().queuedBytes() == 64 << 10);
        assertThat(ended).isNotDone();
        assertThat(client.isOutputShutdown()).isTrue();
        serverSide()
                .eventLoop()
                .submit(() -> accepted.join().config().setAutoRead(true))
                .sync();
        reader.inputEnded.get(30, TimeUnit.SECONDS);
        assertThat(reader.bytes()).isEqualTo(1_000_000);
        ended.get(30, TimeUnit.SECONDS);
    }

    /** Closed while bytes wait: END_STREAM would claim that all of them went out. */
    @Test
    void closeWithBytesThatCannotGoOut() throws Exception {
        Unread reader = new Unread();
        TunnelChannel client = writing(reader);
        client.flush();
        await().until(() -> serverSide().queuedBytes() == 64 << 10);
        client.close().sync();
        await().until(() -> serverSide().resetCode() == Http2Error.CANCEL.code());
        assertThat(reader.inputEnded).isNotDone();
        // Nobody will read what is left; a reader would get it until the linger time is over.
        serverSide().close();
        reader.closed.get(30, TimeUnit.SECONDS);
    }

    @Test
    void theLossOfTheConnectionEndsItsTunnelsOnly() throws Exception {
        HboneServer server = server();
        RawPeer client = raw(server);
        client.sendData(3, "x", false);
        await().untilAsserted(() -> assertThat(atServer.text()).isEqualTo("x"));
        client.channel()
                .eventLoop()
                .submit(() -> client.channel().unsafe().closeForcibly())
                .sync();
        atServer.closed.get(30, TimeUnit.SECONDS);
        assertThat(atServer.inputEnded).isNotDone();
        await().until(() -> server.tunnels() == 0 && server.connections() == 0);
    }

    @Test
    void writesAfterTheEndFail() throws Exception {
        TunnelChannel client = open(server(), new Collector());
        client.shutdownOutput().sync();
        assertThat(client.writeAndFlush(bytes("late")).await().cause())
                .isInstanceOf(java.nio.channels.ClosedChannelException.class);
        Channel other = serverSide();
        other.close().sync();
        assertThat(((DuplexChannel) other).shutdownOutput().await().cause())
                .isInstanceOf(java.nio.channels.ClosedChannelException.class);
    }

    @Test
    void onlyBuffersCanBeWritten() throws Exception {
        TunnelChannel client = open(server(), new Collector());
        assertThat(client.writeAndFlush("text").await().cause())
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("ByteBuf only, not java.lang.String");
        assertThat(client.isActive()).isTrue();
    }
}
