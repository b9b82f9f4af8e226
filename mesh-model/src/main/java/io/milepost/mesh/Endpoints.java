package io.milepost.mesh;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The endpoints of one cluster, grouped by priority and locality. Replaced as a whole; routes never depend on it.
 *
 * @param localities sorted by priority (0 first)
 */
public record Endpoints(String cluster, List<LocalityEndpoints> localities) {
    public static Endpoints none(String cluster) {
        return new Endpoints(cluster, List.of());
    }

    public Endpoints {
        localities = List.copyOf(localities);
    }

    /** @param weight 0 when the balancer does not weigh localities */
    public record LocalityEndpoints(Locality locality, int priority, int weight, List<Endpoint> endpoints) {
        public LocalityEndpoints {
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * @param address IP or host name
     * @param port the application's (target) port
     * @param tunnel how the endpoint is reached over HBONE; empty is plain TCP
     * @param workload {@link Workload#uid()}; empty when unknown
     * @param more further IPs of the same endpoint, which are tried when {@code address} does not answer; never with a tunnel
     */
    public record Endpoint(
            String address,
            int port,
            Optional<Tunnel> tunnel,
            int weight,
            Health health,
            String workload,
            Map<String, String> metadata,
            List<String> more) {
        public Endpoint {
            metadata = Map.copyOf(metadata);
            more = List.copyOf(more);
        }

        /** With one address. */
        public Endpoint(
                String address,
                int port,
                Optional<Tunnel> tunnel,
                int weight,
                Health health,
                String workload,
                Map<String, String> metadata) {
            this(address, port, tunnel, weight, health, workload, metadata, List.of());
        }

        public Endpoint(String address, int port, Optional<Tunnel> tunnel, String workload) {
            this(address, port, tunnel, 1, Health.HEALTHY, workload, Map.of());
        }

        public Endpoint withMore(List<String> addresses) {
            return new Endpoint(address, port, tunnel, weight, health, workload, metadata, addresses);
        }

        public String hostPort() {
            return (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port;
        }
    }

    /**
     * @param address, port where the HBONE connection goes ({@code podIP:15008})
     * @param authority of the CONNECT ({@code podIP:targetPort})
     * @param identities the peer must present one of them; empty accepts any of the trust domain
     */
    public record Tunnel(String address, int port, String authority, List<String> identities) {
        public Tunnel {
            identities = List.copyOf(identities);
        }
    }

    public enum Health {
        HEALTHY,
        UNHEALTHY,
        DRAINING
    }
}
