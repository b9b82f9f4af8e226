package io.milepost.mesh;

import java.util.List;
import java.util.Map;

/**
 * Where a CONNECT goes: (destination address, port) to the chain of a service port, to a workload, or nowhere.
 *
 * <p>Longest prefix wins, ties by order of the list. A destination that is found nowhere is refused with 503.
 *
 * @param services in creation order
 * @param workloads attached workload addresses: any port, protocol is detected
 */
public record Dispatch(List<Service> services, List<Cidr> workloads, Direct direct) {

    /** One service: its addresses and its ports. */
    public record Service(String host, List<Cidr> addresses, Map<Integer, PortDispatch> ports) {
        public Service {
            addresses = List.copyOf(addresses);
            ports = Map.copyOf(ports);
        }
    }

    /** Chain names for traffic that is addressed to a workload. */
    public record Direct(String httpChain, String tcpChain) {
        public static final Direct NONE = new Direct("direct-http", "direct-tcp");
    }

    /** The protocol mode of a port. */
    public sealed interface PortDispatch {
        record Http(String chain) implements PortDispatch {}

        record Tcp(String chain) implements PortDispatch {}

        /** Undeclared: the first bytes decide. */
        record Detect(String httpChain, String tcpChain) implements PortDispatch {}
    }

    public Dispatch {
        services = List.copyOf(services);
        workloads = List.copyOf(workloads);
    }
}
