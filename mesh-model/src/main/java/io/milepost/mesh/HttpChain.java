package io.milepost.mesh;

import java.util.Map;

/**
 * What happens to HTTP of one service port (Envoy: a filter chain with an HTTP connection manager).
 *
 * @param name for example {@code inbound-vip|9080|http|reviews.default.svc.cluster.local}
 * @param host the service's FQDN; empty for workload-addressed traffic
 * @param port the service port; 0 for workload-addressed traffic
 * @param consumerRoutes tables that replace {@code routes} for clients of a namespace (consumer routes of the Gateway
 *     API; Istio has none)
 */
public record HttpChain(
        String name,
        String host,
        int port,
        RouteTable routes,
        PolicySet policies,
        HttpSettings http,
        TelemetrySettings telemetry,
        Map<String, RouteTable> consumerRoutes) {

    public HttpChain {
        consumerRoutes = Map.copyOf(consumerRoutes);
    }

    /** A chain with the same routes for every client. */
    public HttpChain(
            String name,
            String host,
            int port,
            RouteTable routes,
            PolicySet policies,
            HttpSettings http,
            TelemetrySettings telemetry) {
        this(name, host, port, routes, policies, http, telemetry, Map.of());
    }

    public HttpChain withPolicies(PolicySet other) {
        return new HttpChain(name, host, port, routes, other, http, telemetry, consumerRoutes);
    }

    public HttpChain withTelemetry(TelemetrySettings other) {
        return new HttpChain(name, host, port, routes, policies, http, other, consumerRoutes);
    }

    /** The routes for a client whose identity is of the given namespace. */
    public RouteTable routesFor(String clientNamespace) {
        return consumerRoutes.getOrDefault(clientNamespace, routes);
    }
}
