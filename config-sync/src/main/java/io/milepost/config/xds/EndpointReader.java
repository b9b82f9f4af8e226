package io.milepost.config.xds;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Locality;
import io.milepost.mesh.Workload;
import io.milepost.mesh.WorkloadIndex;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Endpoints. One that istiod gives as an internal address is reached through a tunnel; the metadata of the original
 * destination say where it really is.
 */
final class EndpointReader {
    private static final int HBONE_PORT = 15008;
    private static final String ORIGINAL = "envoy.filters.listener.original_dst";

    private final WorkloadIndex workloads;
    private final Findings findings;

    EndpointReader(WorkloadIndex workloads, Findings findings) {
        this.workloads = workloads;
        this.findings = findings;
    }

    /** A cluster that goes where requests say may name the port for all of them: an endpoint without address. */
    static Endpoints unlisted(Cluster c) {
        if (!c.getOriginalDstLbConfig().hasUpstreamPortOverride()) {
            return Endpoints.none(c.getName());
        }
        Endpoint any = new Endpoint(
                "", c.getOriginalDstLbConfig().getUpstreamPortOverride().getValue(), Optional.empty(), "");
        return new Endpoints(
                c.getName(), List.of(new Endpoints.LocalityEndpoints(Locality.UNKNOWN, 0, 0, List.of(any))));
    }

    Endpoints read(String cluster, ClusterLoadAssignment a, boolean localityWeighted) {
        List<Endpoints.LocalityEndpoints> out = new ArrayList<>();
        for (LocalityLbEndpoints l : a.getEndpointsList()) {
            List<Endpoint> endpoints = new ArrayList<>();
            for (LbEndpoint e : l.getLbEndpointsList()) {
                endpoint(cluster, e).ifPresent(endpoints::add);
            }
            if (endpoints.isEmpty()) {
                continue;
            }
            var at = l.getLocality();
            out.add(new Endpoints.LocalityEndpoints(
                    new Locality(at.getRegion(), at.getZone(), at.getSubZone()),
                    l.getPriority(),
                    localityWeighted ? l.getLoadBalancingWeight().getValue() : 0,
                    endpoints));
        }
        out.sort(Comparator.comparingInt(Endpoints.LocalityEndpoints::priority));
        return new Endpoints(cluster, out);
    }

    private Optional<Endpoint> endpoint(String cluster, LbEndpoint e) {
        Address address = e.getEndpoint().getAddress();
        Struct original = e.getMetadata().getFilterMetadataOrDefault(ORIGINAL, Struct.getDefaultInstance());
        Struct match =
                e.getMetadata().getFilterMetadataOrDefault("envoy.transport_socket_match", Struct.getDefaultInstance());
        String host;
        int port;
        boolean tunnelled = address.hasEnvoyInternalAddress();
        if (tunnelled) {
            String local = text(original, "local");
            String target = local.isEmpty() ? address.getEnvoyInternalAddress().getEndpointId() : local;
            Optional<HostPort> at = HostPort.of(target);
            if (!address.getEnvoyInternalAddress().getServerListenerName().equals("connect_originate")
                    || at.isEmpty()) {
                findings.add(
                        "cluster " + cluster,
                        "the endpoint behind listener "
                                + address.getEnvoyInternalAddress().getServerListenerName()
                                + " is not understood and not used");
                return Optional.empty();
            }
            host = at.get().host();
            port = at.get().port();
        } else if (address.hasSocketAddress()) {
            host = address.getSocketAddress().getAddress();
            port = address.getSocketAddress().getPortValue();
            tunnelled = text(match, "tunnel").equals("http");
        } else {
            findings.add("cluster " + cluster, "an endpoint that is neither a socket nor a tunnel is not used");
            return Optional.empty();
        }
        Optional<Endpoints.Tunnel> tunnel =
                tunnelled ? Optional.of(tunnel(host, port, text(original, "waypoint"))) : Optional.empty();
        return Optional.of(new Endpoint(
                host,
                port,
                tunnel,
                e.hasLoadBalancingWeight() ? e.getLoadBalancingWeight().getValue() : 1,
                health(e),
                IpAddress.parse(host)
                        .flatMap(workloads::byAddress)
                        .map(Workload::uid)
                        .orElse(""),
                Map.of(),
                tunnelled ? List.of() : more(e)));
    }

    /** Ports are those of the first address: istiod gives no others. */
    private static List<String> more(LbEndpoint e) {
        return e.getEndpoint().getAdditionalAddressesList().stream()
                .map(a -> a.getAddress().getSocketAddress().getAddress())
                .filter(a -> IpAddress.parse(a).isPresent())
                .toList();
    }

    /** Any identity of the trust domain is accepted, as istiod's configuration of connect_originate says. */
    private static Endpoints.Tunnel tunnel(String host, int port, String waypoint) {
        HostPort authority = new HostPort(host, port);
        Optional<HostPort> via = HostPort.of(waypoint);
        return new Endpoints.Tunnel(via.map(HostPort::host).orElse(host), HBONE_PORT, authority.toString(), List.of());
    }

    private static Endpoints.Health health(LbEndpoint e) {
        return switch (e.getHealthStatus()) {
            case UNHEALTHY, TIMEOUT -> Endpoints.Health.UNHEALTHY;
            case DRAINING -> Endpoints.Health.DRAINING;
            default -> Endpoints.Health.HEALTHY;
        };
    }

    private static String text(Struct s, String key) {
        return s.getFieldsOrDefault(key, Value.getDefaultInstance()).getStringValue();
    }

    private record HostPort(String host, int port) {
        static Optional<HostPort> of(String text) {
            int colon = text.lastIndexOf(':');
            if (colon <= 0) {
                return Optional.empty();
            }
            String host = text.substring(0, colon);
            String port = text.substring(colon + 1);
            if (port.isEmpty() || port.length() > 5 || !port.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Optional.empty();
            }
            boolean bracketed = host.startsWith("[") && host.endsWith("]");
            return Optional.of(
                    new HostPort(bracketed ? host.substring(1, host.length() - 1) : host, Integer.parseInt(port)));
        }

        @Override
        public String toString() {
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
        }
    }
}
