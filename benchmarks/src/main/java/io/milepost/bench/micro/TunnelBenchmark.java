package io.milepost.bench.micro;

import io.milepost.bench.load.EchoWire;
import io.milepost.bench.load.Requests;
import io.milepost.bench.load.Wire;
import io.milepost.hbone.HboneClient;
import io.milepost.hbone.HboneServer;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.TunnelTarget;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.testbed.ca.TestCa;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** 1 KiB through a tunnel and back: two writes and two reads, TLS included; 16 tunnels of one connection at a time. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TunnelBenchmark implements Wire.Listener {
    private static final int TUNNELS = 16;
    private static final int MESSAGES = 64;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final List<Wire> wires = new ArrayList<>();
    private final List<AutoCloseable> parts = new ArrayList<>();
    private CountDownLatch opened = new CountDownLatch(TUNNELS);
    private volatile CountDownLatch done = new CountDownLatch(0);
    private volatile @Nullable Throwable failure;
    private int left;

    /** Opens the tunnels. */
    @Setup
    public void setUp() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("milepost-micro");
        TestCa ca = new TestCa(folder);
        TestCa.Leaf leaf = ca.leaf("default", "bench");
        WorkloadCertificates certificates = new PemWorkloadCertificates(ca.root(), leaf.cert(), leaf.key());
        HboneServer server = HboneServer.builder()
                .addresses(new InetSocketAddress("127.2.19.10", 0))
                .certificates(certificates)
                .workerGroup(loops)
                .service(request -> request.accept(new Echo()))
                .start();
        HboneClient client = HboneClient.builder().certificates(certificates).build();
        parts.addAll(List.of(certificates, server, client));
        EventLoop loop = loops.next();
        TunnelTarget target = new TunnelTarget(server.addresses().getFirst(), List.of(), "10.0.0.1:80");
        ByteBuf message = Requests.bytes(new byte[1024]);
        loop.execute(() -> {
            for (int i = 0; i < TUNNELS; i++) {
                client.open(loop, target, new EchoWire(this, null, message));
            }
        });
        if (!opened.await(20, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the tunnels did not open", failure);
        }
    }

    /** Closes everything. */
    @TearDown
    public void tearDown() throws Exception {
        for (AutoCloseable part : parts.reversed()) {
            part.close();
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(3, TimeUnit.SECONDS);
    }

    /** Sends so many messages over all tunnels, each when its tunnel's last one is back. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public void roundTrips() throws InterruptedException {
        CountDownLatch latch = new CountDownLatch(MESSAGES);
        done = latch;
        loops.next().execute(() -> {
            left = MESSAGES - TUNNELS;
            wires.forEach(w -> w.send(0));
        });
        if (!latch.await(20, TimeUnit.SECONDS)) {
            throw new IllegalStateException("messages did not come back", failure);
        }
    }

    @Override
    public void ready(Wire wire) {
        wires.add(wire);
        opened.countDown();
    }

    @Override
    public void answered(Wire wire, long token, boolean good) {
        if (left > 0) {
            left--;
            wire.send(0);
        }
        done.countDown();
    }

    @Override
    public void gone(Wire wire, @Nullable Throwable cause) {
        failure = cause == null ? new IOException("a tunnel was closed") : cause;
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.write(message, ctx.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }
}
