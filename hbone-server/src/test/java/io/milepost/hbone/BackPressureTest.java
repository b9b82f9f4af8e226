package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Level;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A reader that does not keep up stops the writer, wherever the bytes would otherwise pile up. The writer never waits for
 * anything but {@code isWritable()}. (The full 200 MB at 1 MB/s are in {@code ./milepost soak slow-reader}; here the reader
 * is faster, and sometimes stands still.)
 */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(300)
class BackPressureTest {
    private static final int WINDOW = 256 << 10;
    /** What one tunnel may hold: its window, and in the writer's buffer the high mark and one frame, at most a window. */
    private static final long STAGE = 2 * WINDOW + (64 << 10) + 2 * Writer.CHUNK;

    @RegisterExtension
    final Mesh mesh = new Mesh();

    enum Way {
        UPLOAD,
        DOWNLOAD,
        RELAY_UPLOAD,
        RELAY_DOWNLOAD
    }

    /** A writer and a reader at the two ends of a path, and the servers and clients between. */
    private record Path(Writer writer, Reader reader, Channel readerChannel, long stages) {}

    private Path path(Way way, long total) throws Exception {
        Reader reader = new Reader();
        Writer writer = new Writer(total);
        boolean upload = way == Way.UPLOAD || way == Way.RELAY_UPLOAD;
        boolean relayed = way == Way.RELAY_UPLOAD || way == Way.RELAY_DOWNLOAD;
        CompletableFuture<Channel> far = new CompletableFuture<>();
        HboneServer target = mesh.server(request -> far.complete(request.accept(upload ? reader : writer)));
        HboneServer entry = target;
        if (relayed) {
            HboneClient onward = mesh.client();
            entry = mesh.server(request -> relay(request, onward, Mesh.target(target)));
        }
        Channel near = mesh.open(mesh.client(), Mesh.target(entry), upload ? writer : reader)
                .get(120, TimeUnit.SECONDS);
        return new Path(writer, reader, upload ? far.get(120, TimeUnit.SECONDS) : near, relayed ? 2 : 1);
    }

    private static void relay(TunnelRequest request, HboneClient onward, TunnelTarget target) {
        Relay ofTunnel = new Relay();
        Relay ofRequest = new Relay();
        onward.open(request.eventLoop(), target, ofTunnel).addListener((Future<Channel> done) -> {
            if (done.isSuccess()) {
                Channel accepted = request.accept(ofRequest);
                Relay.join(accepted, ofRequest, done.getNow(), ofTunnel);
            } else {
                request.refuse(503);
            }
        });
    }

    /** The reader stands still: the writer stops after what the stages may hold, however long one waits; then all arrives. */
    @ParameterizedTest
    @EnumSource(Way.class)
    void aReaderThatStandsStill(Way way) throws Exception {
        long total = 20 << 20;
        Path path = path(way, total);
        AtomicLong before = new AtomicLong(-1);
        await().pollInterval(Duration.ofMillis(200))
                .until(() ->
                        path.writer.written() > 0 && before.getAndSet(path.writer.written()) == path.writer.written());
        assertThat(path.writer.written()).isLessThanOrEqualTo(path.stages * STAGE);
        assertThat(path.reader.bytes()).isZero();

        path.readerChannel.config().setAutoRead(true);
        path.reader.inputEnded.get(120, TimeUnit.SECONDS);
        assertThat(path.reader.bytes()).isEqualTo(total);
    }

    /** 200 MB to a reader at a fixed pace; pooled direct memory stays under a limit that 200 MB would exceed at once. */
    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"RELAY_UPLOAD", "RELAY_DOWNLOAD"})
    void twoHundredMegabytesToASlowReader(Way way) throws Exception {
        long total = 200 << 20;
        Path path = path(way, total);
        long limit = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() + (48 << 20);
        Pace pace = new Pace(path.reader, path.readerChannel, 512 << 10, Duration.ofMillis(5));
        pace.start();
        while (!path.reader.inputEnded.isDone()) {
            assertThat(path.writer.written() - path.reader.bytes())
                    .as("bytes under way")
                    .isLessThanOrEqualTo(path.stages * STAGE);
            assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory())
                    .as("direct memory")
                    .isLessThan(limit);
            java.util.concurrent.locks.LockSupport.parkNanos(
                    Duration.ofMillis(20).toNanos());
        }
        assertThat(path.reader.bytes()).isEqualTo(total);
    }

    /** Windows are lent to readers that keep up, and come back with the end of the tunnel. */
    @Test
    void windowsGrowWithTheReader() throws Exception {
        HboneMemoryBudget budget = new HboneMemoryBudget(4 << 20);
        HboneServer server = mesh.server(request -> request.accept(new Writer(Long.MAX_VALUE)));
        HboneClient client = mesh.built(mesh.clientBuilder().memoryBudget(budget));
        TunnelChannel still = (TunnelChannel)
                mesh.open(client, Mesh.target(server), new Reader()).get(30, TimeUnit.SECONDS);
        await().until(() -> still.queuedBytes() == 64 << 10);
        Reader reader = new Reader();
        TunnelChannel fast =
                (TunnelChannel) mesh.open(client, Mesh.target(server), reader).get(30, TimeUnit.SECONDS);
        fast.config().setAutoRead(true);
        await().until(() -> client.metrics().value(Level.WINDOWS_GRANTED) == WINDOW - (64 << 10));
        fast.config().setAutoRead(false);
        // Credit goes back by half windows: what was read and not yet given back is missing from the whole.
        await().until(() -> fast.queuedBytes() > WINDOW / 2);
        assertThat(fast.queuedBytes()).isLessThanOrEqualTo(WINDOW);
        assertThat(still.queuedBytes()).isEqualTo(64 << 10);
        fast.close().sync();
        still.close().sync();
        await().until(() -> client.metrics().value(Level.WINDOWS_GRANTED) == 0 && budget.queuedBytes() == 0);
    }

    /** One tunnel that nobody reads does not slow the others of its connection. */
    @Test
    void othersOnTheSameConnectionGoOn() throws Exception {
        Reader still = new Reader();
        Reader other = new Reader();
        EventLoop loop = mesh.loops.next();
        HboneServer server = mesh.server(request -> request.accept(new Writer(50 << 20)));
        HboneClient client = mesh.client();
        Channel first = mesh.open(client, loop, Mesh.target(server), still).get(30, TimeUnit.SECONDS);
        Channel second = mesh.open(client, loop, Mesh.target(server), other).get(30, TimeUnit.SECONDS);
        assertThat(second.parent()).isSameAs(first.parent());
        second.config().setAutoRead(true);
        other.inputEnded.get(120, TimeUnit.SECONDS);
        assertThat(other.bytes()).isEqualTo(50 << 20);
        assertThat(client.metrics().value(Level.BYTES_QUEUED)).isBetween(1L, (long) WINDOW);
        first.close().sync();
    }

    /** Each byte a frame of its own: what waits is copied together, so that small frames cost no large buffers. */
    @Test
    void aByteCostsAByte() throws Exception {
        CompletableFuture<Channel> accepted = new CompletableFuture<>();
        HboneServer server = mesh.server(request -> accepted.complete(request.accept(new Reader())));
        RawPeer client = mesh.raw(server);
        client.sendHeaders(3, RawPeer.connectTo("10.0.0.1:80"), false);
        client.await("HEADERS 3");
        TunnelChannel tunnel = (TunnelChannel) accepted.get(30, TimeUnit.SECONDS);
        long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        for (int i = 0; i < 100; i++) {
            client.run(() -> client.sendBytesOneByOne(3, 200));
        }
        await().until(() -> tunnel.queuedBytes() == 20_000);
        assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before)
                .isLessThanOrEqualTo(8 << 20);
        tunnel.config().setAutoRead(true);
        await().until(() -> tunnel.queuedBytes() == 0);
        client.closeAndWait();
    }

    /** Writes as long as the channel takes it, and ends. */
    static final class Writer extends ChannelInboundHandlerAdapter {
        static final int CHUNK = 16 << 10;
        private final AtomicLong written = new AtomicLong();
        private final long total;

        Writer(long total) {
            this.total = total;
        }

        long written() {
            return written.get();
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            write(ctx);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            write(ctx);
        }

        private void write(ChannelHandlerContext ctx) {
            while (ctx.channel().isWritable() && written.get() < total) {
                written.addAndGet(CHUNK);
                ctx.write(ctx.alloc().buffer(CHUNK).writeZero(CHUNK));
                if (written.get() >= total) {
                    ctx.flush();
                    ((DuplexChannel) ctx.channel()).shutdownOutput();
                }
            }
            ctx.flush();
        }
    }

    /** Reads when it is told to, and closes at the end; an end that was not told is a failure. */
    static final class Reader extends Mesh.Unread {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            super.userEventTriggered(ctx, event);
            if (event instanceof ChannelInputShutdownEvent) {
                ctx.close();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            super.channelInactive(ctx);
            inputEnded.completeExceptionally(new java.nio.channels.ClosedChannelException());
        }
    }

    /** Lets a reader read so many bytes per tick. */
    private static final class Pace implements Runnable {
        private final Reader reader;
        private final Channel channel;
        private final int perTick;
        private final Duration tick;
        private long allowed;

        Pace(Reader reader, Channel channel, int perTick, Duration tick) {
            this.reader = reader;
            this.channel = channel;
            this.perTick = perTick;
            this.tick = tick;
        }

        void start() {
            channel.eventLoop().schedule(this, tick.toMillis(), TimeUnit.MILLISECONDS);
        }

        @Override
        public void run() {
            allowed += perTick;
            readSome();
            if (channel.isActive()) {
                start();
            }
        }

        private void readSome() {
            if (reader.bytes() < allowed) {
                channel.read();
                channel.eventLoop().execute(() -> {
                    if (channel.isActive() && reader.bytes() < allowed) {
                        channel.read();
                    }
                });
            }
        }
    }
}
