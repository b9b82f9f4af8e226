package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Backend;
import io.milepost.mesh.RouteAction.Timeouts;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.RouteTable;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The HTTP chains of a waypoint by name: one for each service port that speaks HTTP, with the routes of all kinds in the
 * order in which they are tried, and one for traffic that is addressed to workloads.
 */
final class HttpChains {
    private final Map<String, HttpChain> chains = new HashMap<>();
    private final ChainPolicies.Kept kept = new ChainPolicies.Kept();
    private final Report report;
    private final MeshConfig mesh;
    private final HttpRoutes gatewayApi;
    private final VirtualServices virtualServices;
    private final DestinationRules destinationRules;
    private final Shadows shadows;

    HttpChains(
            Report report,
            MeshConfig mesh,
            HttpRoutes gatewayApi,
            VirtualServices virtualServices,
            DestinationRules destinationRules,
            Shadows shadows) {
        this.report = report;
        this.mesh = mesh;
        this.gatewayApi = gatewayApi;
        this.virtualServices = virtualServices;
        this.destinationRules = destinationRules;
        this.shadows = shadows;
    }

    Map<String, HttpChain> all() {
        return chains;
    }

    /** The part of the report that is about a chain. */
    static String part(String chain) {
        return "chain " + chain;
    }

    void put(String name, ServiceModel s, Port p, PolicySet policy, TelemetrySettings logs) {
        Routes r = routes(name, s, p);
        chains.put(
                name,
                new HttpChain(
                        name,
                        s.host(),
                        p.number(),
                        r.table(),
                        policy,
                        mesh.http(p.protocol() == PortProtocol.GRPC_WEB),
                        logs,
                        r.consumers()));
    }

    /** The routes of a port anew, if it has such a chain, and nothing else of it. */
    void renewRoutes(ServiceModel s, Port p) {
        HttpChain h = chains.get(Targets.chain(p.number(), true, s.host()));
        if (h != null) {
            Routes r = routes(h.name(), s, p);
            chains.put(
                    h.name(),
                    new HttpChain(
                            h.name(),
                            h.host(),
                            h.port(),
                            r.table(),
                            h.policies(),
                            h.http(),
                            h.telemetry(),
                            r.consumers()));
        }
    }

    void renewPolicies(String chain, PolicySet policies) {
        chains.computeIfPresent(
                chain, (name, h) -> kept.isEqual(h.policies(), policies) ? h : h.withPolicies(policies));
    }

    void renewLogs(String chain, TelemetrySettings logs) {
        chains.computeIfPresent(chain, (name, h) -> h.telemetry().equals(logs) ? h : h.withTelemetry(logs));
    }

    /** Requests that are addressed to a workload go where the CONNECT said. */
    void putDirect(String name, PolicySet policy, TelemetrySettings logs) {
        chains.put(
                name,
                new HttpChain(
                        name,
                        "",
                        0,
                        new RouteTable(
                                Targets.ENCAP, List.of("*"), List.of(defaultRoute(Targets.ENCAP, "", 0, List.of()))),
                        policy,
                        mesh.http(false),
                        logs));
    }

    /** @param consumers tables of namespaces that have their own */
    private record Routes(RouteTable table, Map<String, RouteTable> consumers) {}

    private Routes routes(String name, ServiceModel s, Port p) {
        return report.in(part(name), () -> ownRoutes(name, s, p));
    }

    private Routes ownRoutes(String name, ServiceModel s, Port p) {
        shadows.begin(name);
        HttpRoutes.ServiceRoutes own = gatewayApi.of(s, p);
        List<RouteList> lists = new ArrayList<>(own.lists());
        lists.addAll(virtualServices.http(s, p));
        List<RouteRule> rules = RouteList.join(lists);
        shadows.examine(rules);
        Map<String, RouteTable> consumers = new TreeMap<>();
        own.consumers()
                .forEach((namespace, of) ->
                        consumers.put(namespace, new RouteTable(name, List.of("*"), RouteList.join(of))));
        if (rules.isEmpty()) {
            rules.add(defaultRoute(name, s.host(), p.number(), destinationRules.hash(s.host())));
        }
        return new Routes(new RouteTable(name, domains(s), rules), consumers);
    }

    /** Behind a wildcard host with names of its own only those are served (recorded from istiod). */
    private static List<String> domains(ServiceModel s) {
        return List.of(s.resolution() == ServiceModel.Resolution.DYNAMIC_DNS ? s.host() : "*");
    }

    private RouteRule defaultRoute(String cluster, String host, int port, List<RouteAction.HashPolicy> hash) {
        return RouteRule.of(
                "default",
                RouteMatch.ANY,
                new RouteAction.Forward(
                        List.of(new Backend(cluster, 1)),
                        false,
                        503,
                        Optional.empty(),
                        Timeouts.NONE,
                        mesh.defaultRetry(),
                        List.of(),
                        hash),
                Targets.operation(host, port, PathMatch.ANY),
                SourceRef.DEFAULT);
    }
}
