package io.milepost.config.kube;

import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction.SessionPersistence;
import io.milepost.mesh.RouteAction.Timeouts;
import io.milepost.mesh.SourceRef;
import java.util.List;
import java.util.Optional;

/**
 * One rule of a route, read once whatever services its route is attached to.
 *
 * @param backends those with a weight
 * @param broken the rule answers 500: the specification wants that where istiod drops the route
 */
record GatewayRule(
        String name,
        List<RankedMatch> matches,
        HttpFilters filters,
        List<BackendRef> backends,
        Timeouts timeouts,
        RetryPolicy retry,
        Optional<SessionPersistence> session,
        Optional<RouteProblem> broken,
        SourceRef source) {
    GatewayRule {
        matches = List.copyOf(matches);
        backends = List.copyOf(backends);
    }
}
