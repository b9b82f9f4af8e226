package io.milepost.filters;

import io.milepost.http.RequestHead;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.RouteTable;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a service port, compiled: the first in order that matches wins. Immutable, shared by all threads.
 *
 * <p>Rules with an exact or prefix path are found through {@link PathIndex}, so that the number of rules hardly
 * matters; the others are tried one by one, and only those that precede the best one found so far.
 */
public final class RouteMatcher {
    /** Below this a plain scan is quicker than hashing the path. */
    private static final int SCAN = 6;

    private final RouteTable table;
    private final HostMatcher hosts;
    private final RouteDecision[] routes;
    private final @Nullable PathIndex index;
    private final int[] unindexed;

    private RouteMatcher(RouteTable table) {
        this.table = table;
        hosts = new HostMatcher(table.domains());
        routes = new RouteDecision[table.rules().size()];
        for (int i = 0; i < routes.length; i++) {
            routes[i] = RouteDecision.compile(table.rules().get(i), i);
        }
        if (routes.length <= SCAN) {
            index = null;
            unindexed = new int[0];
        } else {
            PathIndex.Builder b = new PathIndex.Builder();
            int[] rest = new int[routes.length];
            int n = 0;
            for (int i = 0; i < routes.length; i++) {
                if (!b.add(table.rules().get(i).match().path(), i)) {
                    rest[n++] = i;
                }
            }
            index = b.build();
            unindexed = java.util.Arrays.copyOf(rest, n);
        }
    }

    /**
     * Compiles a table.
     *
     * @throws IllegalArgumentException when a regular expression is not RE2; the message names the object and the field
     */
    public static RouteMatcher compile(RouteTable table) {
        return new RouteMatcher(table);
    }

    /** The rule for a request whose path is normalised; null when none matches (404, flag NR, {@code route_not_found}). */
    public @Nullable RouteDecision route(RequestHead head) {
        if (!hosts.matches(head.authority())) {
            return null;
        }
        int pathLength = head.pathLength();
        int best = routes.length;
        if (index == null) {
            for (int i = 0; i < best; i++) {
                if (routes[i].matcher().matches(head, pathLength)) {
                    return routes[i];
                }
            }
            return null;
        }
        AsciiString path = head.path();
        PathIndex.Cursor cursor = index.lookup(path.array(), path.arrayOffset(), pathLength);
        for (int[] list = cursor.next(); list != null; list = cursor.next()) {
            best = firstBelow(list, best, head, pathLength);
        }
        best = firstBelow(unindexed, best, head, pathLength);
        return best == routes.length ? null : routes[best];
    }

    private int firstBelow(int[] candidates, int best, RequestHead head, int pathLength) {
        for (int i : candidates) {
            if (i >= best) {
                return best;
            }
            if (routes[i].matcher().matches(head, pathLength)) {
                return i;
            }
        }
        return best;
    }

    /** The compiled rules in order. */
    public List<RouteDecision> routes() {
        return List.of(routes);
    }

    public RouteTable table() {
        return table;
    }

    /**
     * Why the rules before the chosen one did not match (all rules, when none matched). Slow; for explanations.
     *
     * @param reason empty for the rule that matched
     */
    public record Explained(RouteRule rule, int index, boolean matched, String reason) {}

    /** Lists every rule that was looked at, in order, up to the one that matches. */
    public List<Explained> explain(RequestHead head) {
        List<Explained> list = new ArrayList<>();
        String host = hosts.matches(head.authority())
                ? ""
                : "the authority " + head.authority() + " is none of " + String.join(", ", table.domains());
        for (RouteDecision r : routes) {
            String reason = host.isEmpty() ? r.matcher().mismatch(head) : host;
            list.add(new Explained(r.rule(), r.index(), reason.isEmpty(), reason));
            if (reason.isEmpty()) {
                break;
            }
        }
        return list;
    }
}
