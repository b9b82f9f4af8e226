package io.milepost.testbed.demo;

import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import org.jspecify.annotations.Nullable;

/** Finds services by the names that a pod may use for them, as the cluster's DNS would. */
final class ServiceNames {
    private ServiceNames() {}

    /** By {@code reviews}, {@code reviews.default}, {@code reviews.default.svc} or the full name; null when there is none. */
    static @Nullable MeshService find(MeshSnapshot snapshot, String namespace, String name) {
        String host = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        MeshService found = null;
        for (MeshService service : snapshot.services().values()) {
            String full = service.hostname();
            if (full.equals(host)) {
                return service;
            }
            String qualified = service.name() + "." + service.namespace();
            boolean near =
                    service.namespace().equals(namespace) && service.name().equals(host);
            if (near || qualified.equals(host) || (qualified + ".svc").equals(host)) {
                found = service;
            }
        }
        return found;
    }
}
