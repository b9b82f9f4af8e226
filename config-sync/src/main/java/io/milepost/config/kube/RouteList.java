package io.milepost.config.kube;

import io.milepost.mesh.RouteRule;
import java.util.ArrayList;
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
        /** VirtualServices that name the waypoint's namespace in exportTo. */
        EXPORTED,
        WAYPOINT_NAMESPACE,
        OTHERS
    }

    /** At equal age a list with a port precedes the one without. */
    static final Comparator<RouteList> ORDER = RouteList::compare;

    private static int compare(RouteList a, RouteList b) {
        int c = a.rank.compareTo(b.rank);
        c = c == 0 ? a.created.compareTo(b.created) : c;
        c = c == 0 ? Boolean.compare(a.port == 0, b.port == 0) : c;
        return c == 0 ? a.name.compareTo(b.name) : c;
    }

    /** All rules in the order in which the lists are tried. */
    static List<RouteRule> join(List<RouteList> lists) {
        List<RouteList> sorted = new ArrayList<>(lists);
        sorted.sort(ORDER);
        List<RouteRule> out = new ArrayList<>();
        sorted.forEach(l -> out.addAll(l.rules()));
        return out;
    }
}
