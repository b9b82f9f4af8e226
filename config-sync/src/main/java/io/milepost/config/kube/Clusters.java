package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.config.kube.ServiceModel.Resolution;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.Protocol;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Health;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.mesh.Locality;
import io.milepost.mesh.SpiffeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Clusters and endpoints of one service. */
final class Clusters {
    private static final int HBONE_PORT = 15008;
    private static final Comparator<Locality> BY_NAME =
            Comparator.comparing(Locality::region).thenComparing(Locality::zone).thenComparing(Locality::subzone);
    private final MeshConfig mesh;
    private final Map<String, Cluster> clusters = new TreeMap<>();
    private final Map<String, Endpoints> endpoints = new TreeMap<>();

    Clusters(MeshConfig mesh) {
        this.mesh = mesh;
    }

    Map<String, Cluster> clusters() {
        return clusters;
    }

    Map<String, Endpoints> endpoints() {
        return endpoints;
    }

    /** What direct (workload-addressed) traffic uses: the address that the CONNECT named. */
    void addDirect() {
        Cluster c = Cluster.of(Targets.ENCAP, "", "", "", Protocol.CLIENT);
        put(new Cluster(
                c.name(),
                "",
                "",
                "",
                "",
                c.protocol(),
                Discovery.ORIGINAL_DST,
                c.balancer(),
                c.limits(),
                c.outlier(),
                c.tls(),
                c.proxyProtocol(),
                mesh.connectTimeoutMillis(),
                c.idleTimeoutMillis(),
                c.panicThresholdPercent(),
                c.source()));
    }

    void add(ServiceModel s, Port port, boolean http, String name, DestinationPolicy policy, String subset) {
        Cluster c = policy.apply(
                new Cluster(
                        name,
                        s.host(),
                        s.info().name(),
                        s.info().namespace(),
                        subset,
                        http ? protocol(port.protocol()) : Protocol.TCP,
                        discovery(s.resolution()),
                        Cluster.LoadBalancer.LEAST_REQUEST,
                        Cluster.Limits.NONE,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        mesh.connectTimeoutMillis(),
                        3_600_000,
                        0,
                        s.source()),
                http);
        put(c);
        if (c.discovery() != Discovery.ORIGINAL_DST && c.discovery() != Discovery.DYNAMIC_DNS) {
            endpoints.put(name, endpoints(s, port, name, policy.labels()));
        }
    }

    private void put(Cluster c) {
        clusters.put(c.name(), c);
    }

    private static Protocol protocol(PortProtocol p) {
        return switch (p) {
            case HTTP2, GRPC, GRPC_WEB -> Protocol.HTTP2;
            case AUTO -> Protocol.CLIENT;
            default -> Protocol.HTTP1;
        };
    }

    private static Discovery discovery(Resolution r) {
        return switch (r) {
            case STATIC -> Discovery.ENDPOINTS;
            case NONE -> Discovery.ORIGINAL_DST;
            case DNS -> Discovery.STRICT_DNS;
            case DNS_ROUND_ROBIN -> Discovery.LOGICAL_DNS;
            case DYNAMIC_DNS -> Discovery.DYNAMIC_DNS;
        };
    }

    private Endpoints endpoints(ServiceModel s, Port port, String name, Map<String, String> subset) {
        Map<Locality, List<Endpoint>> byLocality = new TreeMap<>(BY_NAME);
        for (Member m : s.endpoints()) {
            Integer target = m.ports().get(port.number());
            if (target == null || !m.ready() || !m.labels().entrySet().containsAll(subset.entrySet())) {
                continue;
            }
            Locality locality = m.pod().map(PodModel::locality).orElse(Locality.UNKNOWN);
            byLocality.computeIfAbsent(locality, l -> new ArrayList<>()).add(endpoint(m, target));
        }
        List<LocalityEndpoints> out = new ArrayList<>();
        byLocality.forEach((l, list) -> out.add(new LocalityEndpoints(l, 0, 0, list)));
        return new Endpoints(name, out);
    }

    private Endpoint endpoint(Member m, int target) {
        Optional<Tunnel> tunnel = m.pod()
                .filter(PodModel::hbone)
                .map(p -> new Tunnel(
                        m.address(),
                        HBONE_PORT,
                        (m.address().indexOf(':') >= 0 ? "[" + m.address() + "]" : m.address()) + ":" + target,
                        List.of(identity(p).toString())));
        return new Endpoint(
                m.address(),
                target,
                tunnel,
                m.weight(),
                Health.HEALTHY,
                m.pod().map(PodModel::uid).orElse(""),
                m.labels());
    }

    SpiffeId identity(PodModel p) {
        return new SpiffeId(mesh.settings().trustDomain(), p.namespace(), p.serviceAccount());
    }
}
