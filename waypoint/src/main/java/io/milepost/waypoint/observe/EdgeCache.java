package io.milepost.waypoint.observe;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.Workload;
import io.milepost.telemetry.IstioMetrics;
import io.milepost.telemetry.IstioMetrics.EdgeMetrics;
import io.milepost.telemetry.Labels.Edge;
import io.milepost.telemetry.Labels.Peer;
import io.milepost.telemetry.Labels.Service;
import io.milepost.waypoint.upstream.HostState;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * From (client address, principal) and endpoint to the series of both: looked up by references that the exchange holds,
 * resolved to label texts once. Valid for one state of workloads, endpoints and clusters; bounded.
 */
final class EdgeCache {
    static final int LIMIT = 20_000;
    private static final Object NO_DESTINATION = new Object();

    private final IstioMetrics metrics;
    private final MeshSnapshot snapshot;
    private final Consumer<EdgeCache> full;
    private final ConcurrentHashMap<IpAddress, Source> sources = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();

    EdgeCache(IstioMetrics metrics, MeshSnapshot snapshot, Consumer<EdgeCache> full) {
        this.metrics = metrics;
        this.snapshot = snapshot;
        this.full = full;
    }

    /** Whether its labels hold for a snapshot too: references are compared first, as an unchanged part is often shared. */
    boolean isFor(MeshSnapshot next) {
        return snapshot.workloads().equals(next.workloads())
                && snapshot.endpoints().equals(next.endpoints())
                && snapshot.clusters().equals(next.clusters());
    }

    EdgeCache empty() {
        return new EdgeCache(metrics, snapshot, full);
    }

    int size() {
        return size.get();
    }

    EdgeMetrics find(Served s) {
        CharSequence principal = s.peerPrincipal();
        Source source = sources.get(s.sourceIp());
        while (source != null && !sameText(source.principal, principal)) {
            source = source.next;
        }
        if (source == null) {
            source = newSource(s.sourceIp(), principal == null ? null : principal.toString());
        }
        HostState host = s.host();
        CharSequence cluster = host == null ? s.upstreamCluster() : null;
        Object destination = host != null ? host : cluster != null ? cluster : NO_DESTINATION;
        EdgeMetrics edge = source.edges.get(destination);
        return edge != null ? edge : newEdge(source, destination, s);
    }

    private static boolean sameText(@Nullable String known, @Nullable CharSequence text) {
        return known == null ? text == null : text != null && known.contentEquals(text);
    }

    private Source newSource(IpAddress ip, @Nullable String principal) {
        Source[] found = new Source[1];
        sources.compute(ip, (a, first) -> {
            for (Source known = first; known != null; known = known.next) {
                if (sameText(known.principal, principal)) {
                    found[0] = known;
                    return first;
                }
            }
            Peer peer = Peer.source(snapshot.workloads().byAddress(ip).orElse(null), principal);
            found[0] = new Source(peer, principal, first);
            return found[0];
        });
        count();
        return found[0];
    }

    private EdgeMetrics newEdge(Source source, Object destination, Served s) {
        HostState host = s.host();
        CharSequence clusterName = s.upstreamCluster();
        Cluster cluster = clusterName == null ? null : snapshot.clusters().get(clusterName.toString());
        Service service = cluster == null || cluster.serviceHost().isEmpty()
                ? Service.UNKNOWN_SERVICE
                : new Service(cluster.serviceHost(), cluster.serviceName(), cluster.serviceNamespace());
        boolean mutualTls = source.principal != null && s.localPrincipal() != null;
        EdgeMetrics made = metrics.edge(new Edge(source.peer, Peer.destination(workload(host)), service, mutualTls));
        count();
        EdgeMetrics known = source.edges.putIfAbsent(destination, made);
        return known == null ? made : known;
    }

    private @Nullable Workload workload(@Nullable HostState host) {
        if (host == null) {
            return null;
        }
        return UpstreamMetadata.workload(host, snapshot.workloads()).orElse(null);
    }

    private void count() {
        if (size.incrementAndGet() == LIMIT) {
            full.accept(this);
        }
    }

    /** A client; several principals of one address (a shared address behind a gateway) form a list. */
    private static final class Source {
        final Peer peer;
        final @Nullable String principal;
        final @Nullable Source next;
        final ConcurrentHashMap<Object, EdgeMetrics> edges = new ConcurrentHashMap<>(4);

        Source(Peer peer, @Nullable String principal, @Nullable Source next) {
            this.peer = peer;
            this.principal = principal;
            this.next = next;
        }
    }
}
