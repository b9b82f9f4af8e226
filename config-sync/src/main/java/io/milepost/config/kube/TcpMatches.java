package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cidr;
import java.util.List;
import java.util.Optional;

/** L4MatchAttributes and TLSMatchAttributes: what can be told from the port alone decides, nobody looks at bytes. */
final class TcpMatches {
    private TcpMatches() {}

    static boolean tcp(Fields rule, ServiceModel service, Port port) {
        List<Fields> matches = rule.list("match");
        boolean fits = matches.isEmpty();
        for (Fields m : matches) {
            fits |= common(m, service, port);
        }
        return fits;
    }

    /** A waypoint knows the service already: only its own host is a server name that can match (recorded). */
    static boolean tls(Fields rule, ServiceModel service, Port port) {
        List<Fields> matches = rule.list("match");
        boolean fits = matches.isEmpty();
        for (Fields m : matches) {
            List<String> names = m.texts("sniHosts");
            boolean own = names.isEmpty() || names.equals(List.of(service.host()));
            if (!own) {
                m.warn(
                        "sniHosts",
                        "a waypoint does not route by server name, this entry has no effect: name only the host of "
                                + "the service, or use one service per name");
            }
            fits |= common(m, service, port) && own;
        }
        return fits;
    }

    private static boolean common(Fields m, ServiceModel service, Port port) {
        int p = m.integer("port", 0);
        List<String> gateways = m.texts("gateways");
        List<String> subnets = m.texts("destinationSubnets");
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
        return anySource
                && (p == 0 || p == port.number())
                && (gateways.isEmpty() || gateways.contains("mesh"))
                && (subnets.isEmpty() || inside(service, subnets, m));
    }

    private static boolean inside(ServiceModel service, List<String> subnets, Fields m) {
        boolean hit = false;
        for (String s : subnets) {
            Optional<Cidr> range = Cidr.parse(s);
            if (range.isEmpty()) {
                m.error("destinationSubnets", "'" + s + "' is no address and no range: mend it");
                continue;
            }
            hit |= service.addresses().stream()
                    .anyMatch(a ->
                            a.prefix() >= range.get().prefix() && range.get().contains(a.address()));
        }
        return hit;
    }
}
