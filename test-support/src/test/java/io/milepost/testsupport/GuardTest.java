package io.milepost.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guard that finds nothing is none: each kind of sin is committed here, and taken before the suite's guard sees it. */
class GuardTest {
    /** Of each test: a failed one is tried again in the same JVM. */
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @TempDir
    private Path dir;

    @BeforeAll
    static void install() {
        LeakGuard.install();
        LoopGuard.install();
    }

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private void onLoop(Runnable action) {
        loops.submit(action).syncUninterruptibly();
    }

    @Test
    void seesWaiting() {
        onLoop(() -> LockSupport.parkNanos(1_000));
        assertThat(LoopGuard.take()).anyMatch(call -> call.contains("park") && call.contains("GuardTest"));
        // Long enough that join() comes first on a busy machine, too.
        onLoop(() -> new CompletableFuture<Void>()
                .completeOnTimeout(null, 500, TimeUnit.MILLISECONDS)
                .join());
        assertThat(LoopGuard.take()).anyMatch(call -> call.contains("CompletableFuture"));
    }

    @Test
    void seesFiles() throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "text");
        onLoop(() -> {
            try {
                Files.readAllBytes(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(LoopGuard.take()).anyMatch(call -> call.contains("FileChannelImpl"));
    }

    @Test
    void letsOtherThreadsBlock() {
        LockSupport.parkNanos(1_000);
        onLoop(() -> {});
        assertThat(LoopGuard.take()).isEmpty();
    }

    @Test
    void seesLeaks() {
        leak();
        assertThat(LeakGuard.take()).anyMatch(leak -> leak.contains("GuardTest.leak"));
        assertThat(LeakGuard.take()).isEmpty();
    }

    /** A method of its own, so that no frame keeps the buffer reachable. */
    private static void leak() {
        ByteBuf buffer = new UnpooledByteBufAllocator(true).directBuffer(64);
        buffer.writeInt(1);
    }

    @Test
    void releasedBuffersAreNoLeaks() {
        ByteBuf buffer = Unpooled.directBuffer(64);
        buffer.release();
        assertThat(LeakGuard.take()).isEmpty();
    }
}
