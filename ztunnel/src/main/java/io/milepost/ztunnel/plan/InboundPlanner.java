package io.milepost.ztunnel.plan;

import io.milepost.hbone.wire.Authority;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import io.milepost.mesh.Workload.WaypointRef;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Decides what a CONNECT that arrived at a pod means. Policies are asked afterwards, about the outcome. */
public final class InboundPlanner {
    private static final int BAD_REQUEST = 400;
    private static final int UNAVAILABLE = 503;

    private InboundPlanner() {}

    /**
     * Plans one tunnel.
     *
     * @param own the pod that it arrived at, {@code address} the address that was dialled
     * @param host the client's {@code forwarded: host=}, a hint for metrics only
     * @param ownPorts ports of this ztunnel, which are nobody's application
     */
    public static InboundPlan tunnel(
            MeshView view,
            Workload own,
            IpAddress address,
            String authority,
            @Nullable String host,
            Set<Integer> ownPorts) {
        Authority parsed = Authority.parse(authority);
        if (parsed == null) {
            return new InboundPlan.Refused(BAD_REQUEST, "invalid CONNECT address " + authority);
        }
        Optional<IpAddress> ip = IpAddress.parse(parsed.host());
        int port = parsed.port();
        String asked = host;
        if (ip.isPresent()) {
            // An IPv4-mapped address is another name of the same pod, but not the one that was given out.
            boolean mapped = parsed.host().indexOf(':') >= 0 && !ip.get().v6();
            if (mapped || !ip.get().equals(address) && !isWaypointOf(view, own, ip.get())) {
                return new InboundPlan.Refused(BAD_REQUEST, "ip mismatch: " + parsed.host() + " != " + address);
            }
        } else {
            asked = parsed.host();
            port = portOf(view, own, parsed);
            if (port == 0) {
                return new InboundPlan.Refused(
                        UNAVAILABLE,
                        "requested service " + authority + " found no port of " + own.namespace() + "/" + own.name());
            }
        }
        return forward(view, own, address, port, asked, ownPorts);
    }

    /** Plans a connection without HBONE to {@code address:port} of the pod. */
    public static InboundPlan plain(MeshView view, Workload own, IpAddress address, int port, Set<Integer> ownPorts) {
        return forward(view, own, address, port, null, ownPorts);
    }

    private static InboundPlan forward(
            MeshView view, Workload own, IpAddress address, int port, @Nullable String host, Set<Integer> ownPorts) {
        if (ownPorts.contains(port)) {
            return new InboundPlan.Refused(UNAVAILABLE, "attempted recursive call to ourselves");
        }
        return new InboundPlan.Forward(address, port, service(view, own, port, host));
    }

    /** Whether this pod is the waypoint of whoever has the address. */
    private static boolean isWaypointOf(MeshView view, Workload own, IpAddress asked) {
        Workload w = view.workloadAt(asked);
        MeshService s = w == null ? view.serviceAt(asked, own.namespace()) : null;
        Optional<WaypointRef> ref = w != null ? w.waypoint() : s != null ? s.waypoint() : Optional.empty();
        if (ref.isEmpty()) {
            return false;
        }
        if (ref.get().address().isPresent()) {
            return own.addresses().contains(ref.get().address().get());
        }
        return own.services().containsKey(ref.get().host());
    }

    /** The port behind {@code host:port}: the pod's own word, else the service's; 0 when the host is no service. */
    private static int portOf(MeshView view, Workload own, Authority asked) {
        MeshService service = view.serviceByHost(asked.host(), own.namespace());
        if (service == null) {
            return 0;
        }
        Integer named = own.services().getOrDefault(service.key(), Map.of()).get(asked.port());
        if (named != null && named > 0) {
            return named;
        }
        return service.ports().getOrDefault(asked.port(), 0);
    }

    private static @Nullable MeshService service(MeshView view, Workload own, int port, @Nullable String host) {
        MeshService fits = null;
        // Sorted, so that the guess is the same every time.
        for (Map.Entry<String, Map<Integer, Integer>> e : new TreeMap<>(own.services()).entrySet()) {
            MeshService s = view.service(e.getKey());
            if (s == null) {
                continue;
            }
            if (s.hostname().equals(host)) {
                return s;
            }
            if (fits == null && (e.getValue().containsValue(port) || s.ports().containsValue(port))) {
                fits = s;
            }
        }
        return fits;
    }
}
