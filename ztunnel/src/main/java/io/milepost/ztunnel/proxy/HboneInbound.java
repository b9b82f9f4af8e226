package io.milepost.ztunnel.proxy;

import io.milepost.hbone.HboneTunnelService;
import io.milepost.hbone.TunnelRequest;
import io.milepost.hbone.wire.Forwarded;
import io.milepost.ztunnel.plan.InboundPlan;
import io.milepost.ztunnel.plan.InboundPlanner;
import io.netty.channel.Channel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tunnels that arrive at the pod's port 15008. */
final class HboneInbound implements HboneTunnelService {
    private static final int DENIED = 401;
    private static final int UNAVAILABLE = 503;

    private final PodContext pod;

    HboneInbound(PodContext pod) {
        this.pod = pod;
    }

    @Override
    public void serve(TunnelRequest request) {
        String forwarded = request.header("forwarded");
        @Nullable String host = forwarded == null ? null : Forwarded.host(forwarded);
        switch (InboundPlanner.tunnel(
                pod.view(), pod.own(), pod.address(), request.authority(), host, pod.ownPorts())) {
            case InboundPlan.Refused r -> {
                pod.reports().refusedEarly(request.peer(), r.error());
                request.refuse(r.status());
            }
            case InboundPlan.Forward f -> forward(request, f);
        }
    }

    private void forward(TunnelRequest request, InboundPlan.Forward plan) {
        InboundConnection connection =
                new InboundConnection(pod, request.eventLoop(), request.peer(), request.authority(), plan);
        if (!connection.isAllowed()) {
            request.refuse(DENIED);
            return;
        }
        connection.connect(
                application -> connected(request, connection, application), () -> request.refuse(UNAVAILABLE));
    }

    private void connected(TunnelRequest request, InboundConnection connection, Channel application) {
        if (request.isCancelled()) {
            connection.cancelled(application);
            return;
        }
        Channel tunnel = request.accept(connection.splice.clientSide(), List.of("baggage", Headers.baggage(pod.own())));
        connection.splice.join(tunnel, application);
    }
}
