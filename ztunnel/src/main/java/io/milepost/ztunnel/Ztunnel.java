package io.milepost.ztunnel;

import io.milepost.hbone.WorkloadCertificates;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.mesh.SpiffeId;
import io.milepost.mesh.Workload;
import io.milepost.telemetry.ZtunnelMetrics;
import io.milepost.ztunnel.admin.Node;
import io.milepost.ztunnel.plan.MeshView;
import io.milepost.ztunnel.proxy.PodProxy;
import io.milepost.ztunnel.proxy.Reports;
import io.milepost.ztunnel.proxy.Transport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running ztunnel: one {@link PodProxy} per pod that it serves. Pods come and go with the configuration; a new snapshot
 * is one volatile write, after which live connections are asked about again.
 */
public final class Ztunnel implements AutoCloseable, Node {
    private static final Logger log = LoggerFactory.getLogger(Ztunnel.class);
    private static final int SERIES_MAX = 10_000;
    private static final long DRAIN_SLACK_MILLIS = 1_000;
    private static final long CLOSE_MILLIS = 500;

    private final ZtunnelSettings settings;
    private final SnapshotSource source;
    private final IdentityCertificates identities;
    private final Transport transport;
    private final ZtunnelMetrics metrics = new ZtunnelMetrics("", SERIES_MAX);
    private final Reports reports;
    private final Map<String, PodProxy> proxies = new ConcurrentHashMap<>();
    private final Map<SpiffeId, WorkloadCertificates> certificates = new HashMap<>();
    private volatile MeshView view = MeshView.EMPTY;
    private volatile Set<String> pending = Set.of("configuration");
    private volatile boolean closed;

    /**
     * Starts: configuration first (fails here when it is broken), then a proxy per pod.
     *
     * @param accessLog takes lines, from any thread, without blocking
     */
    public static Ztunnel start(
            ZtunnelSettings settings,
            SnapshotSource source,
            IdentityCertificates identities,
            Consumer<String> accessLog) {
        Ztunnel ztunnel = new Ztunnel(settings, source, identities, accessLog);
        try {
            source.start(ztunnel::publish);
        } catch (RuntimeException e) {
            ztunnel.close();
            throw e;
        }
        return ztunnel;
    }

    private Ztunnel(
            ZtunnelSettings settings,
            SnapshotSource source,
            IdentityCertificates identities,
            Consumer<String> accessLog) {
        this.settings = settings;
        this.source = source;
        this.identities = identities;
        transport = new Transport(settings.eventLoops());
        reports = new Reports(accessLog, metrics);
    }

    private synchronized void publish(MeshSnapshot snapshot) {
        if (closed) {
            return;
        }
        view = MeshView.of(snapshot);
        Map<String, Workload> wanted = new TreeMap<>();
        for (Workload w : snapshot.workloads().all()) {
            if (settings.serves(w)) {
                wanted.put(w.uid(), w);
            }
        }
        for (Map.Entry<String, PodProxy> running : List.copyOf(proxies.entrySet())) {
            Workload w = wanted.get(running.getKey());
            if (w == null || !settings.addressOf(w).equals(running.getValue().address())) {
                log.info("pod {} is gone", running.getKey());
                proxies.remove(running.getKey());
                running.getValue().close();
            }
        }
        Set<String> missing = new LinkedHashSet<>();
        startAll(wanted.values(), missing);
        for (String pod : settings.pods()) {
            if (wanted.values().stream().noneMatch(w -> pod.equals(w.namespace() + "/" + w.name()))) {
                log.warn("pod {} is not in the configuration (or has no address): waiting for it", pod);
                missing.add("pod " + pod);
            }
        }
        pending = Set.copyOf(missing);
        proxies.values().forEach(PodProxy::recheck);
    }

    /** One pod that cannot be served must not keep the others from it. */
    private void startAll(Collection<Workload> pods, Set<String> missing) {
        for (Workload w : pods) {
            if (proxies.containsKey(w.uid())) {
                continue;
            }
            IpAddress address = settings.addressOf(w);
            try {
                proxies.put(
                        w.uid(),
                        PodProxy.start(
                                w,
                                address,
                                settings.listeners(address),
                                certificate(w.identity()),
                                () -> view,
                                transport,
                                reports));
                log.debug("serving pod {}/{} on {} as {}", w.namespace(), w.name(), address, w.identity());
            } catch (IOException | RuntimeException e) {
                log.error("pod {}/{} cannot be served: {}", w.namespace(), w.name(), e.getMessage());
                missing.add("pod " + w.namespace() + "/" + w.name());
            }
        }
    }

    private WorkloadCertificates certificate(SpiffeId identity) throws IOException {
        WorkloadCertificates known = certificates.get(identity);
        if (known == null) {
            known = identities.open(identity);
            certificates.put(identity, known);
        }
        return known;
    }

    /** What keeps it from being ready; empty when nothing does. */
    @Override
    public Set<String> pending() {
        return pending;
    }

    /** The configuration in force. */
    @Override
    public MeshView view() {
        return view;
    }

    /** By uid of the pod. */
    @Override
    public Map<String, PodProxy> proxies() {
        return new TreeMap<>(proxies);
    }

    @Override
    public ZtunnelMetrics metrics() {
        return metrics;
    }

    /** Lets what runs come to its end, within the drain time; then closes. */
    public void drainAndClose() {
        pending = Set.of("draining");
        source.close();
        List<CompletableFuture<Void>> draining = new ArrayList<>();
        for (PodProxy p : proxies.values()) {
            draining.add(p.drain(settings.drainMillis()));
        }
        try {
            CompletableFuture.allOf(draining.toArray(new CompletableFuture<?>[0]))
                    .get(settings.drainMillis() + DRAIN_SLACK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            log.warn("drain ended early: {}", e.toString());
        }
        close();
    }

    @Override
    public void close() {
        closed = true;
        source.close();
        synchronized (this) {
            proxies.values().forEach(PodProxy::stop);
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
            proxies.values().forEach(p -> p.awaitStopped(deadline - System.nanoTime()));
            proxies.clear();
            transport.close();
            certificates.values().forEach(WorkloadCertificates::close);
            certificates.clear();
        }
    }
}
