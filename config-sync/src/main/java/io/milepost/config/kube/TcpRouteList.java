package io.milepost.config.kube;

import io.milepost.mesh.TcpChain;
import java.util.Comparator;
import java.util.List;

/**
 * What a VirtualService, TCPRoute or TLSRoute says about the bytes of one service port. Of several the first in this
 * order decides: rules for TLS before those for TCP, then as HTTP rules are ordered.
 *
 * @param route where the bytes go
 */
record TcpRouteList(boolean tls, RouteList.Rank rank, String created, String name, Route route) {
    static final Comparator<TcpRouteList> ORDER = Comparator.comparing((TcpRouteList l) -> !l.tls())
            .thenComparing(TcpRouteList::rank)
            .thenComparing(TcpRouteList::created)
            .thenComparing(TcpRouteList::name);

    /**
     * @param backends empty refuses the CONNECT
     * @param idleTimeoutMillis of the first destination's DestinationRule; 0 is the default
     * @param maxDurationMillis likewise; 0 is none
     * @param hashSourceIp the endpoint follows from the client's address
     */
    record Route(
            List<TcpChain.Backend> backends, long idleTimeoutMillis, long maxDurationMillis, boolean hashSourceIp) {
        Route {
            backends = List.copyOf(backends);
        }

        /** Without settings of a DestinationRule. */
        static Route to(List<TcpChain.Backend> backends) {
            return new Route(backends, 0, 0, false);
        }
    }
}
