package io.milepost.waypoint.observe;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.WorkloadIndex;
import io.milepost.telemetry.LogContext;
import io.milepost.waypoint.upstream.HostState;
import org.jspecify.annotations.Nullable;

/** An exchange or a TCP connection as the metrics see it: what its log knows, and who its two sides are. */
public interface Served extends LogContext {
    /** Address of the client's pod, as the tunnel's connection has it. */
    IpAddress sourceIp();

    /** The endpoint of the last attempt; null when none was chosen. */
    @Nullable
    HostState host();

    /** The cluster that was chosen; null without one. */
    @Nullable
    Cluster chosenCluster();

    /** The VirtualService that istiod names in the route's metadata; empty without one. */
    default String routeConfig() {
        return "";
    }

    /** Who is behind an address. */
    WorkloadIndex workloads();

    @Override
    default @Nullable CharSequence metadata(Metadata where, String namespace, String path) {
        return UpstreamMetadata.text(where, namespace, path, this);
    }
}
