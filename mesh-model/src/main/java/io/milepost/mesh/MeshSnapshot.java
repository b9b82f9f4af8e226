package io.milepost.mesh;

import java.util.List;
import java.util.Map;

/**
 * One consistent configuration. Equal input gives equal snapshots, whichever source delivered it.
 *
 * @param version grows with each publication
 * @param refusedLogs access logs of tunnels that are refused (Envoy: listener log with flag NR)
 * @param services what a ztunnel needs to know of services, by {@link MeshService#key()}
 */
public record MeshSnapshot(
        long version,
        Dispatch dispatch,
        Map<String, HttpChain> httpChains,
        Map<String, TcpChain> tcpChains,
        Map<String, Cluster> clusters,
        Map<String, Endpoints> endpoints,
        WorkloadIndex workloads,
        Map<String, MeshService> services,
        List<L4Policy> l4Policies,
        MeshSettings settings,
        TelemetrySettings refusedLogs) {

    /** Serves nothing. */
    public static final MeshSnapshot EMPTY = new MeshSnapshot(
            0,
            new Dispatch(List.of(), List.of(), Dispatch.Direct.NONE),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            WorkloadIndex.EMPTY,
            Map.of(),
            List.of(),
            MeshSettings.DEFAULT,
            TelemetrySettings.NONE);

    public MeshSnapshot withVersion(long v) {
        return new MeshSnapshot(
                v,
                dispatch,
                httpChains,
                tcpChains,
                clusters,
                endpoints,
                workloads,
                services,
                l4Policies,
                settings,
                refusedLogs);
    }
}
