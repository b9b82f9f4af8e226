package io.milepost.config.kube;

import io.milepost.mesh.PathMatch;

/** Names of clusters and operations, as istiod forms them. */
record Targets(ServiceRegistry registry, GatewayRef waypoint, java.util.Set<String> outbound) {
    static final String ENCAP = "encap";

    static String chain(int port, boolean http, String host) {
        return "inbound-vip|" + port + (http ? "|http|" : "|tcp|") + host;
    }

    static String cluster(int port, boolean http, String subset, String host) {
        return "inbound-vip|" + port + (http ? "|http" : "|tcp") + (subset.isEmpty() ? "" : "/" + subset) + "|" + host;
    }

    static String outboundCluster(int port, String subset, String host) {
        return "outbound|" + port + "|" + subset + "|" + host;
    }

    /**
     * The cluster for a destination; services of other waypoints are reached by clusters of their own, and an ExternalName
     * service stands for the service that it names. The destination's
     * port says which protocol is spoken; only where it is undeclared, the asking side does.
     */
    String of(String host, int port, String subset, boolean http) {
        var known = registry.byHost(host);
        String alias = known.map(s -> s.traits().alias()).orElse("");
        var concrete = registry.byHost(alias);
        if (!alias.isEmpty()
                && concrete.isPresent()
                && concrete.get().traits().alias().isEmpty()) {
            return of(alias, port, subset, http);
        }
        if (known.isPresent() && !known.get().ownedBy(waypoint)) {
            String name = outboundCluster(port, subset, host);
            outbound.add(name);
            return name;
        }
        boolean asHttp = known.flatMap(s -> s.port(port))
                .map(p ->
                        p.protocol() == PortProtocol.AUTO ? http : p.protocol().speaksHttp())
                .orElse(true);
        return cluster(port, asHttp, subset, host);
    }

    /** Envoy's decorator operation; a prefix by segments counts as everything. */
    static String operation(String host, int port, PathMatch path) {
        String p = switch (path) {
            case PathMatch.Exact e -> e.path();
            case PathMatch.Prefix e -> e.prefix() + "*";
            case PathMatch.SegmentPrefix e -> "/*";
            case PathMatch.Regex e -> e.pattern();
        };
        return host + ":" + port + p;
    }
}
