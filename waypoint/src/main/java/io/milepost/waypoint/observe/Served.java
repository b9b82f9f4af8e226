package io.milepost.waypoint.observe;

import io.milepost.mesh.IpAddress;
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
}
