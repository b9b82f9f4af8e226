package io.milepost.mesh;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A service as a ztunnel sees it.
 *
 * @param ports service port to target port; 0 is named (the endpoint knows)
 * @param subjectAltNames further identities that its endpoints may present
 */
public record MeshService(
        String name,
        String namespace,
        String hostname,
        List<Cidr> addresses,
        Map<Integer, Integer> ports,
        List<String> subjectAltNames,
        Optional<Workload.WaypointRef> waypoint,
        Balancing balancing) {

    public enum Mode {
        STANDARD,
        STRICT,
        FAILOVER,
        PASSTHROUGH
    }

    public enum Scope {
        REGION,
        ZONE,
        SUBZONE,
        NODE,
        CLUSTER,
        NETWORK
    }

    public record Balancing(Mode mode, List<Scope> preferences, boolean allowUnhealthy) {
        public static final Balancing STANDARD = new Balancing(Mode.STANDARD, List.of(), false);

        public Balancing {
            preferences = List.copyOf(preferences);
        }
    }

    public MeshService {
        addresses = List.copyOf(addresses);
        ports = Map.copyOf(ports);
        subjectAltNames = List.copyOf(subjectAltNames);
    }

    /** {@code namespace/hostname}. */
    public String key() {
        return namespace + "/" + hostname;
    }
}
