package io.milepost.ztunnel.plan;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import org.jspecify.annotations.Nullable;

/** Names as a pod may write them, resolved as the cluster's DNS would. */
public final class Names {
    private static final String DOMAIN = ".svc.cluster.local";

    private Names() {}

    /** The address that {@code name} means to a pod of {@code namespace}; null when it means nothing in the mesh. */
    public static @Nullable IpAddress resolve(MeshView view, String namespace, String name) {
        String host = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        MeshService service = find(view, namespace, host);
        if (service == null) {
            return null;
        }
        IpAddress first = null;
        for (Cidr c : service.addresses()) {
            if (c.isSingle()) {
                if (!c.address().v6()) {
                    return c.address();
                }
                first = first == null ? c.address() : first;
            }
        }
        return first == null ? headless(view, service) : first;
    }

    private static @Nullable MeshService find(MeshView view, String namespace, String host) {
        MeshService s = view.serviceByHost(host, namespace);
        if (s != null) {
            return s;
        }
        int dots = (int) host.chars().filter(c -> c == '.').count();
        if (dots == 0) {
            return view.serviceByHost(host + "." + namespace + DOMAIN, namespace);
        }
        if (dots == 1) {
            return view.serviceByHost(host + DOMAIN, namespace);
        }
        return dots == 2 && host.endsWith(".svc") ? view.serviceByHost(host + ".cluster.local", namespace) : null;
    }

    /** A service without address is its endpoints. */
    private static @Nullable IpAddress headless(MeshView view, MeshService service) {
        for (MeshView.Endpoint e : view.endpoints(service)) {
            Workload w = e.workload();
            if (w.healthy() && !w.addresses().isEmpty()) {
                return w.addresses().getFirst();
            }
        }
        return null;
    }
}
