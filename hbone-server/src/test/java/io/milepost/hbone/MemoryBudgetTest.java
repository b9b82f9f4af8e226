package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.connectTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.HboneMetrics.Level;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Error;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What waits for slow readers, over all tunnels: what counts, who gets no credit when, and what it keeps of the memory. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class MemoryBudgetTest {
    private static final int WINDOW = 64 << 10;

    private final List<Channel> accepted = new CopyOnWriteArrayList<>();

    @RegisterExtension
    final Mesh mesh = new Mesh();

    /** The sum over all tunnels: credit is kept back, new tunnels are refused, and all of it ends when the readers read. */
    @Test
    void memory() throws Exception {
        HboneMemoryBudget budget = new HboneMemoryBudget(128 << 10);
        List<Channel> unread = new CopyOnWriteArrayList<>();
        HboneServer server = mesh.started(mesh.serverBuilder(tunnel -> {
                    Channel channel = tunnel.accept(new Mesh.Unread());
                    unread.add(channel);
                })
                .memoryBudget(budget)
                .streamWindow(256 << 10));
        RawPeer client = mesh.raw(server);
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            ids.add(3 + 2 * i);
            client.sendHeaders(3 + 2 * i, connectTo("10.0.0.1:80"), false);
            client.await("HEADERS " + (3 + 2 * i));
        }
        ids.forEach(id -> client.sendData(id, Unpooled.wrappedBuffer(new byte[1 << 20]), true));
        // Four windows of 64 KiB, although the peers want to send sixteen times that.
        await().until(() -> budget.queuedBytes() == 256 << 10);
        assertThat(server.metrics().value(Level.BYTES_QUEUED)).isEqualTo(256 << 10);
        assertThat(server.metrics().value(Level.BYTES_LIMIT)).isEqualTo(128 << 10);
        client.sendHeaders(21, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS 21")).isEqualTo("HEADERS 21 :status=503 END");
        assertThat(server.metrics().value(Counter.TUNNELS_OUT_OF_MEMORY)).isEqualTo(1);

        // The first reader reads; its credit is kept back as long as the others hold more than the limit.
        Mesh.Unread first = unread.getFirst().pipeline().get(Mesh.Unread.class);
        unread.getFirst().eventLoop().execute(() -> unread.getFirst().config().setAutoRead(true));
        await().until(() -> first.bytes() == 64 << 10);
        assertThat(server.metrics().value(Counter.CREDIT_WITHHELD)).isPositive();
        assertThat(budget.queuedBytes()).isEqualTo(3 * (64 << 10));
        for (Channel each : unread) {
            each.eventLoop().execute(() -> each.config().setAutoRead(true));
        }
        for (Channel each : unread) {
            Mesh.Unread reader = each.pipeline().get(Mesh.Unread.class);
            await().until(() -> reader.bytes() == 1 << 20);
        }
        assertThat(budget.queuedBytes()).isZero();
        client.sendHeaders(23, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS 23")).isEqualTo("HEADERS 23 :status=200");
        client.closeAndWait();
    }

    /** Above half of the limit those who keep up go on; those who are behind get credit when they have read everything. */
    @Test
    void onlyThoseWhoAreBehindWait() throws Exception {
        HboneMemoryBudget budget = new HboneMemoryBudget(3 * WINDOW);
        HboneServer server = unread(budget);
        RawPeer client = mesh.raw(server);
        open(client, 3, 5, 7);
        for (int id : new int[] {3, 5}) {
            // Frames of a quarter of the window: what is read is less than what waits.
            for (int i = 0; i < 4; i++) {
                client.sendData(id, Unpooled.wrappedBuffer(new byte[WINDOW / 4]), false);
            }
            client.sendData(id, Unpooled.wrappedBuffer(new byte[(1 << 20) - WINDOW]), true);
        }
        await().until(() -> budget.queuedBytes() == 2 * WINDOW);
        assertThat(budget.isTight()).isTrue();

        // Reads as it comes: sixteen windows pass.
        read(2);
        client.sendData(7, Unpooled.wrappedBuffer(new byte[1 << 20]), true);
        await().until(() -> reader(2).bytes() == 1 << 20);
        assertThat(server.metrics().value(Counter.CREDIT_WITHHELD)).isZero();

        Channel behind = accepted.getFirst();
        behind.eventLoop().execute(behind::read);
        await().until(() -> server.metrics().value(Counter.CREDIT_WITHHELD) > 0);
        assertThat(budget.queuedBytes()).isBetween((long) WINDOW, 2L * WINDOW - 1);
        read(0);
        read(1);
        await().until(() -> reader(0).bytes() == 1 << 20 && reader(1).bytes() == 1 << 20);
        assertThat(budget.queuedBytes()).isZero();
        client.closeAndWait();
    }

    /** Bytes that a peer does not take count as well as those that nobody reads. */
    @Test
    void unwrittenBytesCount() throws Exception {
        HboneMemoryBudget budget = new HboneMemoryBudget(512 << 10);
        HboneServer server = unread(budget);
        RawPeer client = mesh.raw(server);
        client.keepCredit();
        open(client, 3);
        accepted.getFirst().writeAndFlush(Unpooled.wrappedBuffer(new byte[32 << 10]));
        for (int i = 0; i < 16; i++) {
            accepted.getFirst().writeAndFlush(Unpooled.wrappedBuffer(new byte[64 << 10]));
        }
        await().until(() -> budget.writtenBytes() > 512 << 10);
        assertThat(server.metrics().value(Level.BYTES_UNWRITTEN)).isEqualTo(budget.writtenBytes());
        client.sendHeaders(21, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS 21")).isEqualTo("HEADERS 21 :status=503 END");

        client.sendReset(3, Http2Error.CANCEL);
        await().until(() -> budget.writtenBytes() == 0);
        client.sendHeaders(23, connectTo("10.0.0.1:80"), false);
        assertThat(client.await("HEADERS 23")).isEqualTo("HEADERS 23 :status=200");
        client.closeAndWait();
    }

    /** The frames of two tunnels come in one read; what the first leaves lying must not keep what the second has read. */
    @Test
    void whatWaitsKeepsItsOwnSizeOnly() throws Exception {
        HboneMemoryBudget budget = new HboneMemoryBudget(256 << 10);
        HboneServer server = unread(budget);
        RawPeer client = mesh.raw(server);
        open(client, 3, 5);
        read(1);
        client.run(() -> {
            for (int i = 0; i < 24; i++) {
                client.sendData(3, Unpooled.wrappedBuffer(new byte[2 << 10]), false);
                client.sendData(5, Unpooled.wrappedBuffer(new byte[2 << 10]), false);
            }
        });
        await().until(() -> budget.queuedBytes() == 48 << 10 && reader(1).bytes() == 48 << 10);
        Sizes sizes = new Sizes();
        accepted.getFirst().pipeline().addFirst(sizes);
        read(0);
        await().until(() -> reader(0).bytes() == 48 << 10);
        // A sixteenth of the limit may keep the buffers it came in.
        assertThat(sizes.waste).hasSizeGreaterThan(12);
        assertThat(sizes.waste.subList(8, sizes.waste.size())).allMatch(waste -> waste <= 512);
        client.closeAndWait();
    }

    private HboneServer unread(HboneMemoryBudget budget) {
        return mesh.started(mesh.serverBuilder(tunnel -> accepted.add(tunnel.accept(new Mesh.Unread())))
                .memoryBudget(budget)
                .streamWindow(256 << 10));
    }

    private static void open(RawPeer client, int... ids) throws Exception {
        for (int id : ids) {
            client.sendHeaders(id, connectTo("10.0.0.1:80"), false);
            client.await("HEADERS " + id);
        }
    }

    private Mesh.Unread reader(int tunnel) {
        return accepted.get(tunnel).pipeline().get(Mesh.Unread.class);
    }

    private void read(int tunnel) {
        Channel channel = accepted.get(tunnel);
        channel.eventLoop().submit(() -> channel.config().setAutoRead(true)).syncUninterruptibly();
    }

    /** How much more memory each message keeps than it has bytes. */
    private static final class Sizes extends ChannelInboundHandlerAdapter {
        private final List<Integer> waste = new CopyOnWriteArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf whole = (ByteBuf) msg;
            int bytes = whole.readableBytes();
            for (ByteBuf outer = whole.unwrap(); outer != null; outer = whole.unwrap()) {
                whole = outer;
            }
            waste.add(whole.capacity() - bytes);
            ctx.fireChannelRead(msg);
        }
    }
}
