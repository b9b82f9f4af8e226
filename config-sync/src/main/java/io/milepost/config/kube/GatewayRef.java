package io.milepost.config.kube;

/** Names the Gateway of a waypoint. */
public record GatewayRef(String namespace, String name) {
    /** Parses {@code namespace/name}. */
    public static GatewayRef parse(String text) {
        int slash = text.indexOf('/');
        if (slash <= 0 || slash == text.length() - 1 || text.indexOf('/', slash + 1) >= 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' names no gateway: write namespace/name, for example default/waypoint");
        }
        return new GatewayRef(text.substring(0, slash), text.substring(slash + 1));
    }

    // Written out for the reason given in Label: each service is asked whose it is, some of them often.
    @Override
    public boolean equals(Object o) {
        return o instanceof GatewayRef g && name.equals(g.name) && namespace.equals(g.namespace);
    }

    @Override
    public int hashCode() {
        return namespace.hashCode() * 31 + name.hashCode();
    }

    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
