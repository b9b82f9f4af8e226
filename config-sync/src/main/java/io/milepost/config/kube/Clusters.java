package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.Protocol;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Health;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.mesh.Locality;
import io.milepost.mesh.SpiffeId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Clusters and endpoints of one service. */
final class Clusters {
    private static final int HBONE_PORT = 15008;
    private final MeshConfig mesh;
    private final ServiceRegistry registry;
    private final Place self;
    private final Map<String, Cluster> clusters = new TreeMap<>();
    private final Map<String, Set<String>> names = new HashMap<>();
    private final Map<String, Endpoints> endpoints = new TreeMap<>();

    /** @param self where the waypoint runs */
    Clusters(MeshConfig mesh, ServiceRegistry registry, Place self) {
        this.mesh = mesh;
        this.registry = registry;
        this.self = self;
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
                        s.order(),
                        s.info().namespace(),
                        subset,
                        http ? protocol(port.protocol()) : Protocol.TCP,
                        discovery(s),
                        Cluster.LoadBalancer.LEAST_REQUEST,
                        Cluster.Limits.NONE,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        mesh.connectTimeoutMillis(),
                        3_600_000,
                        0,
                        s.source(),
                        transport(s)),
                port,
                http);
        put(c);
        switch (c.discovery()) {
            // A targetPort replaces the port of the destination (PassthroughTargetPorts).
            case ORIGINAL_DST ->
                endpoints.put(
                        name,
                        s.resolution() == ServiceModel.Resolution.NONE && port.target() != port.number()
                                ? portOnly(name, port)
                                : Endpoints.none(name));
            case DYNAMIC_DNS -> endpoints.put(name, portOnly(name, port));
            default -> endpoints.put(name, endpoints(s, port, name, policy));
        }
    }

    /** No address, but the port for whatever requests name. */
    private static Endpoints portOnly(String name, Port port) {
        Endpoint any = new Endpoint("", port.target(), Optional.empty(), "");
        return new Endpoints(name, List.of(new Endpoints.LocalityEndpoints(Locality.UNKNOWN, 0, 0, List.of(any))));
    }

    private Cluster.Transport transport(ServiceModel s) {
        Cluster.Transport d = Cluster.Transport.DEFAULT;
        Cluster.Dns dns = new Cluster.Dns(
                s.traits().raceAddresses() ? Cluster.Dns.Family.ALL : d.dns().family(),
                mesh.dnsRefreshMillis(),
                d.dns().respectTtl());
        return new Cluster.Transport(
                d.maxConnectionMillis(), d.tcpIdleMillis(), mesh.tcpKeepalive(), d.http2Keepalive(), dns);
    }

    /** Names of the clusters of a service. */
    List<String> ofHost(String host) {
        return List.copyOf(names.getOrDefault(host, Set.of()));
    }

    /** Forgets the clusters of a service, which is translated anew. */
    void forget(String host) {
        Set<String> gone = names.remove(host);
        if (gone != null) {
            clusters.keySet().removeAll(gone);
            endpoints.keySet().removeAll(gone);
        }
    }

    private void put(Cluster c) {
        clusters.put(c.name(), c);
        names.computeIfAbsent(c.serviceHost(), h -> new TreeSet<>()).add(c.name());
    }

    private static Protocol protocol(PortProtocol p) {
        return switch (p) {
            case HTTP2, GRPC, GRPC_WEB -> Protocol.HTTP2;
            case AUTO -> Protocol.CLIENT;
            default -> Protocol.HTTP1;
        };
    }

    private static Discovery discovery(ServiceModel s) {
        return switch (s.resolution()) {
            case STATIC -> Discovery.ENDPOINTS;
            case NONE -> Discovery.ORIGINAL_DST;
            case DNS -> s.traits().raceAddresses() ? Discovery.LOGICAL_DNS : Discovery.STRICT_DNS;
            case DNS_ROUND_ROBIN -> Discovery.LOGICAL_DNS;
            case DYNAMIC_DNS -> Discovery.DYNAMIC_DNS;
        };
    }

    private Endpoints endpoints(ServiceModel s, Port port, String name, DestinationPolicy policy) {
        List<Localities.Placed> placed = new ArrayList<>();
        Map<String, String> subset = policy.labels();
        for (Member m : s.endpoints()) {
            Integer target = m.ports().get(port.number());
            if (target == null || !m.ready()) {
                continue;
            }
            Place place = Place.of(m.pod().locality(), m.pod().node(), m.labels());
            boolean here = !s.traits().localOnly()
                    || !m.pod().node().isEmpty() && m.pod().node().equals(self.node());
            if (here && (subset.isEmpty() || place.labels().entrySet().containsAll(subset.entrySet()))) {
                Endpoint e = endpoint(m, target);
                // Recorded (hbone-vs-se): istiod gives a DNS cluster the inner address of Envoy's tunnel, which is no
                // host to it.
                if (e.tunnel().isEmpty() || !byName(discovery(s))) {
                    placed.add(new Localities.Placed(e, place));
                }
            }
        }
        return new Endpoints(
                name, Localities.arrange(placed, policy.locality(s.traits().distribution()), self));
    }

    private static boolean byName(Discovery d) {
        return d == Discovery.STRICT_DNS || d == Discovery.LOGICAL_DNS;
    }

    private Endpoint endpoint(Member m, int target) {
        // A pod knows best how its address is reached, whoever else wrote the address down.
        PodModel p = registry.podAt(m.address()).orElse(m.pod());
        Optional<Tunnel> tunnel = p.hbone() || m.pod().hbone()
                ? Optional.of(new Tunnel(m.address(), HBONE_PORT, authority(m.address(), target), identities(p)))
                : Optional.empty();
        Endpoint e = new Endpoint(m.address(), target, tunnel, m.weight(), Health.HEALTHY, p.uid(), m.labels());
        return tunnel.isPresent() || !p.addresses().contains(m.address()) ? e : e.withMore(others(p, m.address()));
    }

    /** As istiod for dual stack: all of a pod's addresses, unless a tunnel leads to it. */
    private static List<String> others(PodModel p, String address) {
        return p.addresses().size() == 1
                ? List.of()
                : p.addresses().stream().filter(a -> !a.equals(address)).toList();
    }

    private static String authority(String address, int port) {
        return (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port;
    }

    /** Whoever has no account may show any identity of the trust domain. */
    private List<String> identities(PodModel p) {
        return p.serviceAccount().isEmpty() ? List.of() : List.of(identity(p).toString());
    }

    SpiffeId identity(PodModel p) {
        return new SpiffeId(mesh.settings().trustDomain(), p.namespace(), p.serviceAccount());
    }
}
