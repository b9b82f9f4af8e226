package io.milepost.ztunnel.plan;

import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import io.milepost.mesh.Workload.WaypointRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Decides where a connection goes, in ztunnel's order: (A) a service with a waypoint goes there, (B) a service to one of
 * its endpoints, an address to its workload, anything else past the mesh, (D) a workload with a waypoint goes there
 * unless the waypoint itself is calling, (E) HBONE where the workload speaks it, plain TCP otherwise. Step C, other
 * networks, has no gateways here: endpoints there count as unreachable.
 */
public final class OutboundPlanner {
    private static final int HBONE_PORT = 15008;
    private static final Set<IpAddress> LOCALHOSTS = Set.of(
            IpAddress.of(new byte[] {127, 0, 0, 1}),
            IpAddress.of(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));

    private OutboundPlanner() {}

    /**
     * Plans one connection.
     *
     * @param source the pod that connects, {@code address} its own
     * @param ownPorts ports of this ztunnel, which are nobody's application
     * @param target what it asked for
     */
    public static OutboundPlan plan(
            MeshView view,
            Workload source,
            IpAddress address,
            Set<Integer> ownPorts,
            IpAddress target,
            int port,
            RandomGenerator random) {
        if (ownPorts.contains(port) && (target.equals(address) || LOCALHOSTS.contains(target))) {
            return new OutboundPlan.Refused("attempted recursive call to ourselves", null);
        }
        MeshService service = view.serviceAt(target, source.namespace());
        Workload workload = view.workloadAt(target);
        if (service != null && workload == null && service.waypoint().isPresent()) {
            return viaWaypoint(view, source, service.waypoint().get(), target, port, service, random);
        }
        if (service != null) {
            return toEndpoint(view, source, target, port, service, random);
        }
        if (workload == null) {
            return new OutboundPlan.Plain(target, port, null, null);
        }
        Optional<WaypointRef> waypoint = workload.waypoint();
        if (waypoint.isPresent() && !isServing(view, waypoint.get(), source)) {
            return viaWaypoint(view, source, waypoint.get(), target, port, null, random);
        }
        return toWorkload(workload, target, port, null);
    }

    private static OutboundPlan toEndpoint(
            MeshView view, Workload source, IpAddress target, int port, MeshService service, RandomGenerator random) {
        Balancer.Choice choice = Balancer.choose(service, view.endpoints(service), port, source, random);
        if (choice != null) {
            IpAddress address = Addressing.of(choice.workload(), target);
            if (address != null) {
                return toWorkload(choice.workload(), address, choice.port(), service);
            }
        }
        if (service.balancing().mode() == MeshService.Mode.PASSTHROUGH) {
            return new OutboundPlan.Plain(target, port, null, null);
        }
        return new OutboundPlan.Refused("no healthy upstream: " + Addressing.hostPort(target, port), service);
    }

    private static OutboundPlan toWorkload(Workload w, IpAddress address, int port, @Nullable MeshService service) {
        if (!w.hbone()) {
            return new OutboundPlan.Plain(address, port, w, service);
        }
        return new OutboundPlan.Tunnel(
                address, HBONE_PORT, Addressing.hostPort(address, port), identities(service, w), w, service);
    }

    private static OutboundPlan viaWaypoint(
            MeshView view,
            Workload source,
            WaypointRef ref,
            IpAddress target,
            int port,
            @Nullable MeshService service,
            RandomGenerator random) {
        MeshService front = frontOf(view, ref, source);
        Workload waypoint = null;
        IpAddress address = null;
        int hbonePort = ref.port();
        if (front != null) {
            Balancer.Choice choice = Balancer.choose(front, view.endpoints(front), ref.port(), source, random);
            if (choice != null) {
                waypoint = choice.workload();
                hbonePort = choice.port();
                address = Addressing.of(waypoint, target);
            }
        } else if (ref.address().isPresent()) {
            waypoint = view.workloadAt(ref.address().get());
            address = ref.address().get();
        }
        if (waypoint == null || address == null) {
            return new OutboundPlan.Refused("unknown waypoint: " + name(ref), service);
        }
        return new OutboundPlan.Tunnel(
                address, hbonePort, Addressing.hostPort(target, port), identities(front, waypoint), waypoint, service);
    }

    /** The service in front of a waypoint's pods; null when the reference is a pod's address or means nothing. */
    private static @Nullable MeshService frontOf(MeshView view, WaypointRef ref, Workload source) {
        if (ref.address().isEmpty()) {
            return view.service(ref.host());
        }
        IpAddress address = ref.address().get();
        return view.workloadAt(address) != null ? null : view.serviceAt(address, source.namespace());
    }

    private static String name(WaypointRef ref) {
        return ref.address().map(IpAddress::toString).orElse(ref.host());
    }

    /** Whether {@code source} is one of the waypoint's own pods: what it sends has been through it. */
    private static boolean isServing(MeshView view, WaypointRef ref, Workload source) {
        if (ref.address().isPresent()) {
            Workload w = view.workloadAt(ref.address().get());
            if (w != null) {
                return w.uid().equals(source.uid());
            }
        }
        MeshService front = frontOf(view, ref, source);
        if (front == null) {
            return false;
        }
        for (MeshView.Endpoint e : view.endpoints(front)) {
            if (e.workload().uid().equals(source.uid())) {
                return true;
            }
        }
        return false;
    }

    private static List<String> identities(@Nullable MeshService service, Workload w) {
        List<String> names = service == null ? List.of() : service.subjectAltNames();
        List<String> all = new ArrayList<>(names.size() + 1);
        all.addAll(names);
        all.add(w.identity().toString());
        return all;
    }
}
