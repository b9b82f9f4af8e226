package io.milepost.ztunnel.proxy;

import io.milepost.hbone.EpollHalfClose;
import io.milepost.hbone.HboneClient;
import io.milepost.hbone.HboneServer;
import io.milepost.hbone.RequestPolicy;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Workload;
import io.milepost.ztunnel.plan.MeshView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** All that a ztunnel does for one pod: HBONE in, plain in, captured out, SOCKS5 out. */
public final class PodProxy implements AutoCloseable {
    /**
     * Where a pod's proxy listens.
     *
     * @param hbone port 15008 of the pod
     * @param plain 15006, {@code outbound} 15001; null to leave it out
     * @param socks 15080; null to leave it out
     */
    public record Listeners(
            InetSocketAddress hbone,
            @Nullable InetSocketAddress plain,
            @Nullable InetSocketAddress outbound,
            @Nullable InetSocketAddress socks) {
        Set<Integer> ports() {
            Set<Integer> ports = new HashSet<>(List.of(15001, 15006, 15008, hbone.getPort()));
            add(ports, plain);
            add(ports, outbound);
            add(ports, socks);
            return ports;
        }

        private static void add(Set<Integer> ports, @Nullable InetSocketAddress address) {
            if (address != null) {
                ports.add(address.getPort());
            }
        }
    }

    private static final long CUT_MILLIS = 500;
    private static final long CLOSE_MILLIS = 500;

    private final PodContext context;
    private final HboneServer server;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final List<Channel> listening = new ArrayList<>(3);

    /** Listens at once; throws when a port is taken. */
    public static PodProxy start(
            Workload pod,
            IpAddress address,
            Listeners listeners,
            WorkloadCertificates certificates,
            Supplier<MeshView> mesh,
            Transport transport,
            Reports reports) {
        return start(pod, address, listeners, certificates, mesh, transport, reports, OriginalDestination.KERNEL);
    }

    /** As the other; {@code original} tells what captured connections wanted. */
    public static PodProxy start(
            Workload pod,
            IpAddress address,
            Listeners listeners,
            WorkloadCertificates certificates,
            Supplier<MeshView> mesh,
            Transport transport,
            Reports reports,
            OriginalDestination original) {
        return new PodProxy(pod, address, listeners, certificates, mesh, transport, reports, original);
    }

    private PodProxy(
            Workload pod,
            IpAddress address,
            Listeners listeners,
            WorkloadCertificates certificates,
            Supplier<MeshView> mesh,
            Transport transport,
            Reports reports,
            OriginalDestination original) {
        // As ztunnel: exactly the own trust domain, no aliases.
        Supplier<Set<String>> trust =
                () -> Set.of(mesh.get().snapshot().settings().trustDomain());
        HboneClient tunnels = HboneClient.builder()
                .certificates(certificates)
                .trustDomains(trust)
                .sourceAddress(address.toInetAddress())
                .build();
        context = new PodContext(
                pod, address, listeners.ports(), mesh, transport, tunnels, new LiveConnections(pod), reports);
        server = HboneServer.builder()
                .addresses(listeners.hbone())
                .certificates(certificates)
                .trustDomains(trust)
                .requestPolicy(RequestPolicy.ZTUNNEL)
                .workerGroup(transport.loops())
                .service(new HboneInbound(context))
                .start();
        try {
            listen(listeners.plain(), pod1 -> new PlainInbound(pod1, original));
            listen(listeners.outbound(), pod1 -> new CaptureHandler(pod1, original));
            listen(listeners.socks(), SocksHandler::new);
        } catch (IllegalStateException e) {
            close();
            throw e;
        }
    }

    private void listen(@Nullable InetSocketAddress address, Function<PodContext, ChannelHandler> handler) {
        if (address == null) {
            return;
        }
        listening.add(context.transport().listen(address, new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                EpollHalfClose.support(channel);
                channel.pipeline().addLast(handler.apply(context));
            }
        }));
    }

    /** The pod's record in force. */
    public Workload pod() {
        return context.own();
    }

    public IpAddress address() {
        return context.address();
    }

    /** Open connections of both directions. */
    public int connections() {
        return context.live().size();
    }

    /** Asks the policies in force about every live connection. */
    public void recheck() {
        context.live().recheck(context.view());
    }

    /**
     * Takes no new captured connections, lets tunnels end until the deadline, then cuts what is left. New tunnels are
     * still answered meanwhile, since clients do not retry.
     */
    public CompletableFuture<Void> drain(long deadlineMillis) {
        listening.forEach(Channel::close);
        var _ = context.transport().loops().schedule(context.live()::drain, deadlineMillis, TimeUnit.MILLISECONDS);
        // The server's own deadline comes later, so that what is cut is told why.
        return CompletableFuture.allOf(
                server.drain(deadlineMillis + CUT_MILLIS), context.live().quiet());
    }

    /** Stops listening and cuts everything, without waiting for the end of it. */
    public void stop() {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        listening.forEach(Channel::close);
        context.live().drain();
        // The server's listening thread takes two quiet seconds to end; its socket is closed long before.
        Thread.ofVirtual().name("stop-" + context.pod().name()).start(() -> {
            server.close();
            closed.countDown();
        });
        context.tunnels().close();
    }

    /** Stops and waits a little. */
    @Override
    public void close() {
        stop();
        awaitStopped(TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS));
    }

    /** Waits for the end after {@link #stop()}, but no longer than this. */
    public void awaitStopped(long nanos) {
        try {
            closed.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
