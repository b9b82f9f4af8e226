package io.milepost.config.kube;

import java.util.Optional;

/**
 * A backendRef as it was written. Whether it exists is asked when its route is attached to a service.
 *
 * @param port 0 when it names none
 * @param filters of this backend alone
 */
record BackendRef(
        String group,
        String kind,
        String namespace,
        String name,
        int port,
        int weight,
        HttpFilters filters,
        String field) {

    static BackendRef read(Fields f, int weight, HttpFilters filters) {
        return new BackendRef(
                f.text("group", ""),
                f.text("kind", "Service"),
                f.text("namespace", f.object().namespace()),
                f.required("name"),
                f.integer("port", 0),
                weight,
                filters,
                f.ref().field());
    }

    boolean isService() {
        return kind.equals("Service") && (group.isEmpty() || group.equals("core"));
    }

    private boolean isHostname() {
        return kind.equals("Hostname") && group.equals("networking.istio.io");
    }

    private boolean isImport() {
        return kind.equals("ServiceImport") && group.equals("multicluster.x-k8s.io");
    }

    /** The host that it names; empty for a kind that nobody serves. */
    String host() {
        if (isService()) {
            return name + "." + namespace + ServiceRegistry.DOMAIN;
        }
        return isHostname() ? name : isImport() ? name + "." + namespace + ".svc.clusterset.local" : "";
    }

    /** What istiod calls an invalid destination: not one that is missing, but one that cannot be named so. */
    Optional<RouteProblem> unusable() {
        if (isService() && name.indexOf('.') >= 0) {
            return Optional.of(RouteProblem.resolved(
                    "InvalidDestination",
                    "'" + name + "' is no Service name: write the short name and namespace, or kind Hostname of "
                            + "group networking.istio.io",
                    field + ".name"));
        }
        if (!host().isEmpty() && port == 0) {
            return Optional.of(RouteProblem.resolved(
                    "InvalidDestination",
                    "the backend " + name + " names no port: write the port of the service",
                    field + ".port"));
        }
        return Optional.empty();
    }
}
