package io.milepost.ztunnel.plan;

import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a connection of a pod goes. */
public sealed interface OutboundPlan {
    /** The service that was asked for; null for a pod or something outside. */
    @Nullable
    MeshService service();

    /** Who is at the other end of the hop; null when nobody is known there. */
    @Nullable
    Workload peer();

    /**
     * A tunnel, to the pod itself or to a waypoint.
     *
     * @param identities of which the other end must present one
     * @param authority of the CONNECT
     */
    record Tunnel(
            IpAddress address,
            int port,
            String authority,
            List<String> identities,
            Workload peer,
            @Nullable MeshService service)
            implements OutboundPlan {
        public Tunnel {
            identities = List.copyOf(identities);
        }
    }

    /** Plain TCP: to a workload without HBONE, or past the mesh. */
    record Plain(
            IpAddress address,
            int port,
            @Nullable Workload peer,
            @Nullable MeshService service) implements OutboundPlan {}

    /** Nowhere. */
    record Refused(String error, @Nullable MeshService service) implements OutboundPlan {
        @Override
        public @Nullable Workload peer() {
            return null;
        }
    }
}
