package io.milepost.config.kube;

import io.milepost.mesh.RouteRule;
import java.util.Comparator;
import java.util.List;

/**
 * The rules of one VirtualService, or of all HTTPRoutes of one namespace with the same parent and port. Lists are tried
 * one after the other.
 *
 * @param created of the oldest route
 * @param port of the parentRef; 0 when it names none
 */
record RouteList(Rank rank, String created, String name, int port, List<RouteRule> rules) {
    /** Recorded from istiod: private VirtualServices, then HTTPRoutes of the waypoint's namespace, then all by age. */
    enum Rank {
        PRIVATE,
        WAYPOINT_NAMESPACE,
        OTHERS
    }

    /** At equal age a list with a port precedes the one without. */
    static final Comparator<RouteList> ORDER = Comparator.comparing(RouteList::rank)
            .thenComparing(RouteList::created)
            .thenComparingInt(l -> l.port() == 0 ? 1 : 0)
            .thenComparing(RouteList::name);
}
