package io.milepost.ztunnel.plan;

import io.milepost.http.RequestHead;
import io.milepost.mesh.IpAddress;
import io.milepost.policy.Attributes;
import org.jspecify.annotations.Nullable;

/**
 * What L4 policies see of a connection to a pod.
 *
 * @param peerPrincipal null without mTLS
 * @param destinationIp, destinationPort where it ends: the pod and the application's own port
 */
public record L4Connection(
        @Nullable String peerPrincipal, IpAddress sourceIp, IpAddress destinationIp, int destinationPort)
        implements Attributes {
    @Override
    public IpAddress remoteIp() {
        return sourceIp;
    }

    @Override
    public @Nullable RequestHead request() {
        return null;
    }

    @Override
    public @Nullable String requestedServerName() {
        return null;
    }

    @Override
    public @Nullable Claims claims() {
        return null;
    }
}
