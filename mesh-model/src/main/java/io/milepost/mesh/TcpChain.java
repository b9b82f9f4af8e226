package io.milepost.mesh;

import java.util.List;

/**
 * What happens to opaque bytes of one service port.
 *
 * @param backends clusters by weight; empty refuses the CONNECT
 * @param idleTimeoutMillis 0 is Envoy's default of one hour
 * @param maxDurationMillis 0 is none
 * @param hashSourceIp the endpoint follows from the client's address (consistentHash with useSourceIp)
 * @param sniRoutes tried before {@code backends} when the connection begins with a TLS ClientHello (TLSRoute by the
 *     specification of the Gateway API; Istio's waypoint does not look at the SNI); empty: nobody looks
 */
public record TcpChain(
        String name,
        String host,
        int port,
        List<Backend> backends,
        PolicySet policies,
        TelemetrySettings telemetry,
        long idleTimeoutMillis,
        long maxDurationMillis,
        List<SniRoute> sniRoutes,
        boolean hashSourceIp) {

    public record Backend(String cluster, int weight) {}

    /**
     * Where connections to a server name go.
     *
     * @param hostnames lower case; {@code *.example.com} is any name below example.com; empty is every name
     */
    public record SniRoute(List<String> hostnames, List<Backend> backends) {
        public SniRoute {
            hostnames = List.copyOf(hostnames);
            backends = List.copyOf(backends);
        }
    }

    public TcpChain {
        backends = List.copyOf(backends);
        sniRoutes = List.copyOf(sniRoutes);
    }

    /** A chain that does not look at server names. */
    public TcpChain(
            String name,
            String host,
            int port,
            List<Backend> backends,
            PolicySet policies,
            TelemetrySettings telemetry,
            long idleTimeoutMillis,
            long maxDurationMillis) {
        this(name, host, port, backends, policies, telemetry, idleTimeoutMillis, maxDurationMillis, List.of(), false);
    }

    /** A chain that does not look at the client's address. */
    public TcpChain(
            String name,
            String host,
            int port,
            List<Backend> backends,
            PolicySet policies,
            TelemetrySettings telemetry,
            long idleTimeoutMillis,
            long maxDurationMillis,
            List<SniRoute> sniRoutes) {
        this(name, host, port, backends, policies, telemetry, idleTimeoutMillis, maxDurationMillis, sniRoutes, false);
    }

    public TcpChain withPolicies(PolicySet other) {
        return new TcpChain(
                name,
                host,
                port,
                backends,
                other,
                telemetry,
                idleTimeoutMillis,
                maxDurationMillis,
                sniRoutes,
                hashSourceIp);
    }

    public TcpChain withTelemetry(TelemetrySettings other) {
        return new TcpChain(
                name,
                host,
                port,
                backends,
                policies,
                other,
                idleTimeoutMillis,
                maxDurationMillis,
                sniRoutes,
                hashSourceIp);
    }
}
