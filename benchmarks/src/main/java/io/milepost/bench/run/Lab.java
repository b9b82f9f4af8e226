package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.mesh.BenchMesh;
import io.milepost.bench.peer.Proxy;
import io.milepost.hbone.HboneClient;
import io.milepost.hbone.TunnelTarget;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The load generator's and the backends' side of a run, in this process: an event loop each. */
public final class Lab implements AutoCloseable {
    /** Inner connections and outer ones of the usual load. */
    public static final int CONNECTIONS = 64;

    public static final int OUTER = 4;

    private final EventLoopGroup backendLoops = loops("bench-backend");
    private final EventLoopGroup loadLoops = loops("bench-load");
    private final BenchMesh mesh;

    public Lab(Path folder) {
        mesh = new BenchMesh(folder.resolve("ca"), backendLoops);
    }

    private static EventLoopGroup loops(String name) {
        return new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(name, true), EpollIoHandler.newFactory());
    }

    public BenchMesh mesh() {
        return mesh;
    }

    /** The usual load: 64 inner connections over 4 outer ones. */
    public Load load(Proxy proxy, Shapes shape) {
        int inner = shape.multiplexed() > 1 ? OUTER : CONNECTIONS;
        return load(proxy, shape, inner, Math.ceilDiv(inner, OUTER), 0);
    }

    /** Load of so many inner connections, so many of them on one outer connection. */
    public Load load(Proxy proxy, Shapes shape, int inner, int perOuter, int renewEvery) {
        return load(proxy.hbone(), shape, inner, perOuter, renewEvery);
    }

    /** Load on whatever speaks HBONE there. */
    public Load load(InetSocketAddress proxy, Shapes shape, int inner, int perOuter, int renewEvery) {
        HboneClient client = HboneClient.builder()
                .certificates(mesh.clientCertificates())
                .tunnelsPerConnection(perOuter)
                .maxWaiting(20_000)
                .connectTimeout(Duration.ofSeconds(20))
                .answerTimeout(Duration.ofSeconds(20))
                .build();
        TunnelTarget shared = new TunnelTarget(proxy, List.of(), shape.authority());
        Load load = new Load(
                loadLoops.next(),
                client,
                n -> renewEvery == 0
                        ? shared
                        : new TunnelTarget(proxy, List.of(), Integer.toString(n), shape.authority(), List.of()),
                shape.wires(),
                inner,
                renewEvery);
        load.open();
        return load;
    }

    @Override
    public void close() {
        mesh.close();
        loadLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        backendLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
