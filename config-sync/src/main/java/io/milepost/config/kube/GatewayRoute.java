package io.milepost.config.kube;

import java.util.List;
import java.util.Optional;

/**
 * An HTTPRoute, GRPCRoute, TCPRoute or TLSRoute, read once.
 *
 * @param hostnames of a TLSRoute; those of other kinds count for nothing below a service
 * @param refused why no rule of it is served
 * @param problems what else is not served as written, as far as the object alone tells
 * @param findings what there is to say about the object alone
 */
record GatewayRoute(
        KubeObject object,
        List<ParentRef> parents,
        List<String> hostnames,
        List<GatewayRule> rules,
        Optional<RouteProblem> refused,
        List<RouteProblem> problems,
        List<Finding> findings) {
    GatewayRoute {
        parents = List.copyOf(parents);
        hostnames = List.copyOf(hostnames);
        rules = List.copyOf(rules);
        problems = List.copyOf(problems);
        findings = List.copyOf(findings);
    }
}
