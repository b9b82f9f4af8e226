package io.milepost.config.kube;

import java.util.Optional;

/**
 * A backendRef as it was written. Whether it exists is asked when its route is attached to a service.
 *
 * @param port 0 when it names none
 * @param host that it names; empty for a kind that nobody serves
 * @param filters of this backend alone
 */
record BackendRef(
        String group,
        String kind,
        String namespace,
        String name,
        int port,
        int weight,
        String host,
        HttpFilters filters,
        String field) {

    static BackendRef read(Fields f, int weight, HttpFilters filters) {
        String group = f.text("group", "");
        String kind = f.text("kind", "Service");
        String namespace = f.text("namespace", f.object().namespace());
        String name = f.required("name");
        return new BackendRef(
                group,
                kind,
                namespace,
                name,
                f.integer("port", 0),
                weight,
                host(group, kind, namespace, name),
                filters,
                f.ref().field());
    }

    /** Whether both lead to the same port of the same thing. */
    boolean isSameTarget(BackendRef b) {
        return port == b.port
                && name.equals(b.name)
                && namespace.equals(b.namespace)
                && kind.equals(b.kind)
                && group.equals(b.group);
    }

    boolean isService() {
        return isService(group, kind);
    }

    private static boolean isService(String group, String kind) {
        return kind.equals("Service") && (group.isEmpty() || group.equals("core"));
    }

    private static String host(String group, String kind, String namespace, String name) {
        if (isService(group, kind)) {
            return name + "." + namespace + ServiceRegistry.DOMAIN;
        }
        if (kind.equals("Hostname") && group.equals("networking.istio.io")) {
            return name;
        }
        boolean isImport = kind.equals("ServiceImport") && group.equals("multicluster.x-k8s.io");
        return isImport ? name + "." + namespace + ".svc.clusterset.local" : "";
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
        if (!host.isEmpty() && port == 0) {
            return Optional.of(RouteProblem.resolved(
                    "InvalidDestination",
                    "the backend " + name + " names no port: write the port of the service",
                    field + ".port"));
        }
        return Optional.empty();
    }
}
