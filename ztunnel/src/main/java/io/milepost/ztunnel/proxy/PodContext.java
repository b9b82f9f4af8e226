package io.milepost.ztunnel.proxy;

import io.milepost.hbone.HboneClient;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Workload;
import io.milepost.ztunnel.plan.MeshView;
import io.milepost.ztunnel.plan.Names;
import io.milepost.ztunnel.plan.OutboundPlan;
import io.milepost.ztunnel.plan.OutboundPlanner;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the connections of one pod share.
 *
 * @param pod as it was when its proxy started; {@link #own()} is the record in force
 * @param address of the pod that its proxy uses
 * @param ownPorts ports of this proxy, which are nobody's application
 */
record PodContext(
        Workload pod,
        IpAddress address,
        Set<Integer> ownPorts,
        Supplier<MeshView> mesh,
        Transport transport,
        HboneClient tunnels,
        LiveConnections live,
        Reports reports) {
    PodContext {
        ownPorts = Set.copyOf(ownPorts);
    }

    MeshView view() {
        return mesh.get();
    }

    /** The pod's record; while it is missing from the configuration, the last known one. */
    Workload own() {
        Workload current = view().workload(pod.uid());
        return current == null ? pod : current;
    }

    @Nullable
    IpAddress resolve(String host) {
        return Names.resolve(view(), pod.namespace(), host);
    }

    OutboundPlan plan(IpAddress target, int port) {
        MeshView view = view();
        Workload source = view.workload(pod.uid());
        return OutboundPlanner.plan(
                view, source == null ? pod : source, address, ownPorts, target, port, ThreadLocalRandom.current());
    }
}
