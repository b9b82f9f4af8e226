package io.milepost.ztunnel.plan;

import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import org.jspecify.annotations.Nullable;

/** What becomes of a connection that arrives at a pod, policies aside. */
public sealed interface InboundPlan {
    /**
     * To the application.
     *
     * @param service that the client probably asked for; null when none of the pod's services fits
     */
    record Forward(IpAddress address, int port, @Nullable MeshService service) implements InboundPlan {}

    /** Not at all; {@code status} answers a CONNECT. */
    record Refused(int status, String error) implements InboundPlan {}
}
