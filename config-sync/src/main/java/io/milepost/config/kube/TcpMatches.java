package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cidr;
import java.util.List;

/** L4MatchAttributes and TLSMatchAttributes: what can be told from the port alone decides, nobody looks at bytes. */
final class TcpMatches {
    private TcpMatches() {}

    static boolean tcp(Fields rule, Port port) {
        List<Fields> matches = rule.list("match");
        boolean fits = matches.isEmpty();
        for (Fields m : matches) {
            fits |= common(m, port);
        }
        return fits;
    }

    /** A waypoint knows the service already: only its own host is a server name that can match (recorded). */
    static boolean tls(Fields rule, ServiceModel service, Port port) {
        List<Fields> matches = rule.list("match");
        if (matches.isEmpty()) {
            rule.error("match", "is missing: a tls rule names sniHosts");
        }
        boolean fits = false;
        for (Fields m : matches) {
            List<String> names = m.texts("sniHosts");
            if (names.isEmpty()) {
                m.error("sniHosts", "is missing: name the host of the service");
            }
            boolean own = names.equals(List.of(service.host()));
            if (!own) {
                m.warn(
                        "sniHosts",
                        "a waypoint does not route by server name, this entry has no effect: name only the host of "
                                + "the service, or use one service per name");
            }
            fits |= common(m, port) && own;
        }
        return fits;
    }

    private static boolean common(Fields m, Port port) {
        int p = m.integer("port", 0);
        List<String> gateways = m.texts("gateways");
        subnets(m);
        // istiod compares with no labels and no namespace at all (getTCPRouteMatch, getTLSRouteMatch).
        boolean anySource =
                m.map("sourceLabels").isEmpty() && m.text("sourceNamespace", "").isEmpty();
        if (!anySource) {
            m.warn(
                    "",
                    "sourceLabels and sourceNamespace never match at a waypoint, this entry has no effect: use an "
                            + "AuthorizationPolicy");
        }
        if (m.has("sourceSubnet")) {
            m.info("sourceSubnet", "is not looked at by a waypoint");
            m.skip("sourceSubnet");
        }
        return anySource && (p == 0 || p == port.number()) && (gateways.isEmpty() || gateways.contains("mesh"));
    }

    /** matchTCP and matchTLS do not look at them; for sidecars they make listeners. */
    private static void subnets(Fields m) {
        List<String> subnets = m.texts("destinationSubnets");
        for (String s : subnets) {
            if (Cidr.parse(s).isEmpty()) {
                m.error("destinationSubnets", "'" + s + "' is no address and no range: mend it");
            }
        }
        if (!subnets.isEmpty()) {
            m.warn(
                    "destinationSubnets",
                    "is not looked at by a waypoint, which knows the service already: the entry matches without it");
        }
    }
}
