package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The chains of a waypoint for connections that are passed on as bytes, by name: one for each service port that does not
 * speak HTTP or may not, and one for traffic that is addressed to workloads.
 */
final class TcpChains {
    private final Map<String, TcpChain> chains = new HashMap<>();
    private final ChainPolicies.Kept kept = new ChainPolicies.Kept();
    private final Report report;
    private final TcpRoutes gatewayApi;
    private final VirtualServices virtualServices;
    private final DestinationRules destinationRules;

    TcpChains(Report report, TcpRoutes gatewayApi, VirtualServices virtualServices, DestinationRules destinationRules) {
        this.report = report;
        this.gatewayApi = gatewayApi;
        this.virtualServices = virtualServices;
        this.destinationRules = destinationRules;
    }

    Map<String, TcpChain> all() {
        return chains;
    }

    void put(String name, ServiceModel s, Port p, PolicySet policy, TelemetrySettings logs) {
        chains.put(name, report.in(HttpChains.part(name), () -> chain(name, s, p, policy, logs)));
    }

    /** Where the connections of a port go, anew, if it has such a chain. */
    void renewRoutes(ServiceModel s, Port p) {
        TcpChain t = chains.get(Targets.chain(p.number(), false, s.host()));
        if (t != null) {
            put(t.name(), s, p, t.policies(), t.telemetry());
        }
    }

    void renewPolicies(String chain, PolicySet policies) {
        chains.computeIfPresent(
                chain, (name, t) -> kept.isEqual(t.policies(), policies) ? t : t.withPolicies(policies));
    }

    void renewLogs(String chain, TelemetrySettings logs) {
        chains.computeIfPresent(chain, (name, t) -> t.telemetry().equals(logs) ? t : t.withTelemetry(logs));
    }

    /** Connections that are addressed to a workload go where the CONNECT said. */
    void putDirect(String name, PolicySet policy, TelemetrySettings logs) {
        chains.put(
                name, new TcpChain(name, "", 0, List.of(new TcpChain.Backend(Targets.ENCAP, 1)), policy, logs, 0, 0));
    }

    private TcpChain chain(String name, ServiceModel s, Port p, PolicySet policy, TelemetrySettings logs) {
        List<TcpRouteList> lists = new ArrayList<>(gatewayApi.of(s, p));
        lists.addAll(virtualServices.tcp(s, p));
        DestinationRules.TcpSettings own = destinationRules.tcp(s.host(), "");
        TcpRouteList.Route route = lists.stream()
                .min(TcpRouteList.ORDER)
                .map(TcpRouteList::route)
                .orElse(new TcpRouteList.Route(
                        List.of(new TcpChain.Backend(name, 1)),
                        own.idleTimeoutMillis(),
                        own.maxDurationMillis(),
                        own.hashSourceIp()));
        return new TcpChain(
                name,
                s.host(),
                p.number(),
                route.backends(),
                policy,
                logs,
                route.idleTimeoutMillis(),
                route.maxDurationMillis(),
                gatewayApi.sni(s, p),
                route.hashSourceIp());
    }
}
