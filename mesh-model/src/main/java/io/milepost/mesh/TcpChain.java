package io.milepost.mesh;

import java.util.List;

/**
 * What happens to opaque bytes of one service port.
 *
 * @param backends clusters by weight; empty refuses the CONNECT
 * @param idleTimeoutMillis 0 is Envoy's default of one hour
 * @param maxDurationMillis 0 is none
 */
public record TcpChain(
        String name,
        String host,
        int port,
        List<Backend> backends,
        PolicySet policies,
        TelemetrySettings telemetry,
        long idleTimeoutMillis,
        long maxDurationMillis) {

    public record Backend(String cluster, int weight) {}

    public TcpChain {
        backends = List.copyOf(backends);
    }
}
