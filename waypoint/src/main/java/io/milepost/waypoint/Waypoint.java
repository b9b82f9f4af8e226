package io.milepost.waypoint;

import io.milepost.hbone.HboneClient;
import io.milepost.hbone.HboneServer;
import io.milepost.hbone.RequestPolicy;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.mesh.TcpChain;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.telemetry.AccessLogger;
import io.milepost.telemetry.IstioMetrics;
import io.milepost.waypoint.exchange.BodyBudget;
import io.milepost.waypoint.exchange.HttpService;
import io.milepost.waypoint.exchange.WorkerContext;
import io.milepost.waypoint.observe.ProcessMetrics;
import io.milepost.waypoint.observe.TrafficMetrics;
import io.milepost.waypoint.upstream.ClusterManager;
import io.milepost.waypoint.upstream.ClusterState;
import io.milepost.waypoint.upstream.ClusterStats;
import io.milepost.waypoint.upstream.Connector;
import io.milepost.waypoint.upstream.DnsNames;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.internal.PlatformDependent;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running waypoint. Starts in this order: event loops, configuration (fails here when it is broken), HBONE server; so
 * that it is configured when 15008 accepts.
 */
public final class Waypoint implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Waypoint.class);
    /** Printed by {@code istio_build}; releases write it into the manifest. */
    static final String VERSION =
            java.util.Objects.requireNonNullElse(Waypoint.class.getPackage().getImplementationVersion(), "");

    private static final Duration LOG_FLUSH = Duration.ofMillis(100);

    private final SnapshotSource source;
    private final WorkloadCertificates certificates;
    private final EventLoopGroup loops;
    private final AccessLogWriter logs;
    private final ClusterManager clusters;
    private final TrafficMetrics traffic = new TrafficMetrics(new IstioMetrics(VERSION));
    private final ProcessMetrics metrics;
    private final AtomicLong rejected = new AtomicLong();
    private final CountDownLatch hurry = new CountDownLatch(1);
    private final Connector connector;
    private final BodyBudget bodies = new BodyBudget(Math.max(8L << 20, PlatformDependent.maxDirectMemory() / 8));
    private final HboneClient tunnels;
    private final HboneServer server;
    private final Map<EventLoop, WorkerContext> workers = new ConcurrentHashMap<>();
    private volatile @Nullable CompiledMesh mesh;
    private volatile AccessLogger refusedLog = AccessLogger.NONE;
    private volatile boolean draining;

    /**
     * Starts.
     *
     * @param addresses where HBONE is accepted
     * @param eventLoops 0 takes the number of processors
     */
    public static Waypoint start(
            SnapshotSource source,
            WorkloadCertificates certificates,
            int eventLoops,
            List<InetSocketAddress> addresses) {
        return start(source, certificates, eventLoops, addresses, new AccessLogWriter(LOG_FLUSH));
    }

    /** Starts with an access log of the caller's; it is closed with the waypoint. */
    public static Waypoint start(
            SnapshotSource source,
            WorkloadCertificates certificates,
            int eventLoops,
            List<InetSocketAddress> addresses,
            AccessLogWriter logs) {
        return new Waypoint(source, certificates, eventLoops, addresses, logs);
    }

    private Waypoint(
            SnapshotSource source,
            WorkloadCertificates certificates,
            int eventLoops,
            List<InetSocketAddress> addresses,
            AccessLogWriter logs) {
        this.source = source;
        this.logs = logs;
        this.certificates = certificates;
        boolean epoll = Epoll.isAvailable();
        int n = eventLoops > 0 ? eventLoops : Runtime.getRuntime().availableProcessors();
        loops = new BalancedLoops(n, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        clusters = new ClusterManager(DnsNames.system(
                loops.next(),
                epoll ? EpollDatagramChannel.class : NioDatagramChannel.class,
                epoll ? EpollSocketChannel.class : NioSocketChannel.class));
        metrics = new ProcessMetrics(traffic, logs, loops);
        Class<? extends SocketChannel> socketType = epoll ? EpollSocketChannel.class : NioSocketChannel.class;
        tunnels = HboneClient.builder()
                .certificates(certificates)
                .trustDomains(this::trustDomains)
                .build();
        connector = new Connector(
                tunnels, socketType, (target, why, start) -> refusedLog.log(new FailedTunnel(target, why, start)));
        try {
            source.start(this::publish);
            server = HboneServer.builder()
                    .addresses(addresses.toArray(new InetSocketAddress[0]))
                    .certificates(certificates)
                    .trustDomains(this::trustDomains)
                    .requestPolicy(RequestPolicy.WAYPOINT)
                    .workerGroup(loops)
                    .service(new TunnelDispatcher(this::current, this::worker, c -> refusedLog.log(c), () -> draining))
                    .start();
        } catch (RuntimeException e) {
            source.close();
            tunnels.close();
            clusters.close();
            metrics.close();
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw e;
        }
        metrics.bind(server.metrics());
        metrics.bind(tunnels.metrics());
        metrics.gauge(
                "milepost.upstream.pools",
                "Endpoints with pooled connections, over all event loops",
                workers,
                w -> w.values().stream().mapToInt(c -> c.pools().size()).sum());
        metrics.gauge(
                "milepost.requests.active",
                "Requests and TCP connections that endpoints work on",
                clusters,
                ClusterManager::active);
        for (String counter : ClusterStats.names()) {
            metrics.counter(
                    "milepost.upstream." + counter,
                    "Sum of Envoy's cluster counter of this name over all clusters",
                    clusters,
                    c -> c.total(counter));
        }
        metrics.gauge(
                "milepost.upstream.ejected",
                "Endpoints that outlier detection keeps away",
                clusters,
                c -> c.all().stream().mapToInt(ClusterState::ejected).sum());
        metrics.gauge(
                "milepost.upstream.pending",
                "Requests that wait for a connection to an endpoint",
                clusters,
                c -> c.all().stream()
                        .mapToInt(s -> s.limits().pendingRequests())
                        .sum());
        metrics.gauge(
                "milepost.requests.bodies.held.bytes",
                "Bytes of request bodies that wait, or are kept for another attempt",
                bodies,
                BodyBudget::heldBytes);
        metrics.gauge(
                "milepost.requests.bodies.held.limit.bytes",
                "Limit of the bytes of request bodies that wait or are kept",
                bodies,
                BodyBudget::limitBytes);
        metrics.counter(
                "milepost.requests.bodies.refused",
                "Pieces of request bodies that were not kept because the limit was reached",
                bodies,
                BodyBudget::refused);
        metrics.gauge(
                "milepost.config.version",
                "Version of the configuration in force",
                this,
                w -> w.snapshot().version());
        metrics.counter(
                "milepost.config.rejected", "Configurations that could not be put in force", rejected, AtomicLong::get);
    }

    private CompiledMesh current() {
        CompiledMesh m = mesh;
        if (m == null) {
            throw new IllegalStateException("no configuration yet");
        }
        return m;
    }

    private Set<String> trustDomains() {
        CompiledMesh m = mesh;
        MeshSettings s = m == null ? MeshSettings.DEFAULT : m.snapshot().settings();
        Set<String> all = new HashSet<>(s.aliases());
        all.add(s.trustDomain());
        return all;
    }

    private WorkerContext worker(EventLoop loop) {
        WorkerContext w = workers.get(loop);
        return w != null ? w : workers.computeIfAbsent(loop, l -> new WorkerContext(l, clusters, connector, bodies));
    }

    /** Puts a snapshot in force; one that cannot be compiled leaves the last one in force. */
    private void publish(MeshSnapshot snapshot) {
        CompiledMesh before = mesh;
        try {
            CompiledMesh next = CompiledMesh.compile(snapshot, before, this::compile, this::compile);
            AccessLogger refused = AccessLogger.compile(snapshot.refusedLogs(), logs, Waypoint::problem);
            traffic.update(snapshot);
            clusters.update(snapshot);
            refusedLog = refused;
            mesh = next;
        } catch (IllegalArgumentException e) {
            if (before == null) {
                throw e;
            }
            rejected.incrementAndGet();
            log.error("the new configuration is not used, the last good one stays in force: {}", e.getMessage());
        }
    }

    private HttpService compile(HttpChain c) {
        AccessLogger a = AccessLogger.compile(c.telemetry(), logs, Waypoint::problem);
        if (!c.telemetry().metrics()) {
            return new HttpService(c, a::log);
        }
        return new HttpService(c, x -> {
            a.log(x);
            traffic.http(x);
        });
    }

    private TcpService compile(TcpChain c) {
        AccessLogger a = AccessLogger.compile(c.telemetry(), logs, Waypoint::problem);
        return new TcpService(c, a::log, c.telemetry().metrics() ? traffic : null);
    }

    private static void problem(String text) {
        log.warn("{}", text);
    }

    /** Bound HBONE addresses. */
    public List<InetSocketAddress> addresses() {
        return server.addresses();
    }

    /** The configuration in force. */
    public MeshSnapshot snapshot() {
        return current().snapshot();
    }

    public boolean isDraining() {
        return draining;
    }

    public int tunnelCount() {
        return server.tunnels();
    }

    public ProcessMetrics metrics() {
        return metrics;
    }

    public ClusterManager clusters() {
        return clusters;
    }

    /** Readiness is off and clients are asked to go elsewhere; connections that still come are served, and asked alike. */
    public void drain() {
        draining = true;
        server.drain(current().snapshot().settings().drainMillis());
    }

    /**
     * Drains within the mesh's terminationDrainDuration, then closes.
     *
     * @param minimumMillis keeps accepting at least so long, for clients that have not heard yet; bounded by the duration
     */
    public void drainAndClose(long minimumMillis) {
        drainAndClose(minimumMillis, () -> {});
    }

    /**
     * As {@link #drainAndClose(long)}.
     *
     * @param drained runs when the drain is over and the HBONE port still listens: who waits until that port is free, to
     *     start the next waypoint on the same address, must find the other ports free, too
     */
    public void drainAndClose(long minimumMillis, Runnable drained) {
        long start = System.nanoTime();
        long millis = current().snapshot().settings().drainMillis();
        log.info(
                "draining for at most {} ms: {} connections, {} tunnels",
                millis,
                server.connections(),
                server.tunnels());
        drain();
        try {
            boolean done = false;
            while (!done && !hurry.await(20, TimeUnit.MILLISECONDS)) {
                long passed = (System.nanoTime() - start) / 1_000_000;
                done = passed >= millis || (passed >= minimumMillis && server.connections() == 0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        log.info("closing: {} connections, {} tunnels are left", server.connections(), server.tunnels());
        drained.run();
        close();
    }

    /** Ends a drain at once. */
    public void hurry() {
        hurry.countDown();
    }

    @Override
    public void close() {
        source.close();
        server.close();
        workers.forEach((loop, worker) -> loop.execute(worker.pools()::closeAll));
        tunnels.close();
        clusters.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
        metrics.close();
        logs.close();
        try {
            certificates.close();
        } catch (RuntimeException e) {
            log.warn("closing certificates: {}", e.toString());
        }
    }
}
