package io.milepost.mesh;

/**
 * What happens to HTTP of one service port (Envoy: a filter chain with an HTTP connection manager).
 *
 * @param name for example {@code inbound-vip|9080|http|reviews.default.svc.cluster.local}
 * @param host the service's FQDN; empty for workload-addressed traffic
 * @param port the service port; 0 for workload-addressed traffic
 */
public record HttpChain(
        String name,
        String host,
        int port,
        RouteTable routes,
        PolicySet policies,
        HttpSettings http,
        TelemetrySettings telemetry) {}
