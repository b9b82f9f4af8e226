package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** VirtualServices: which apply to a service port, and their rules. */
final class VirtualServices {
    private final KubeObjects objects;
    private final Report report;
    private final GatewayRef waypoint;
    private final VirtualServiceActions actions;

    VirtualServices(
            KubeObjects objects,
            Report report,
            GatewayRef waypoint,
            Targets targets,
            DestinationRules rules,
            MeshConfig mesh) {
        this.objects = objects;
        this.report = report;
        this.waypoint = waypoint;
        this.actions = new VirtualServiceActions(targets, rules, mesh);
    }

    List<RouteList> http(ServiceModel service, Port port) {
        List<RouteList> out = new ArrayList<>();
        for (KubeObject vs : objects.ofKind("VirtualService")) {
            Fields spec = report.open(vs).at("spec");
            if (!applies(vs, spec, service)) {
                continue;
            }
            List<RouteRule> rules = new ArrayList<>();
            for (Fields http : spec.list("http")) {
                if (addRules(vs, http, service, port, rules)) {
                    break;
                }
            }
            if (!rules.isEmpty()) {
                boolean own = spec.texts("exportTo").equals(List.of("."));
                out.add(new RouteList(
                        own ? RouteList.Rank.PRIVATE : RouteList.Rank.OTHERS, vs.created(), vs.name(), 0, rules));
            }
        }
        return out;
    }

    /** Whether a rule for everything ended the list: istiod stops there, too. */
    private boolean addRules(KubeObject vs, Fields http, ServiceModel service, Port port, List<RouteRule> rules) {
        String name = http.text("name", "");
        List<Fields> matches = http.list("match");
        if (http.has("delegate")) {
            http.warn("delegate", "delegation is not read yet, this rule has no effect: write the rule here");
            http.skip("delegate");
            return false;
        }
        if (matches.isEmpty()) {
            rules.add(actions.rule(vs, http, name, RouteMatch.ANY, service, port));
            return true;
        }
        for (Fields m : matches) {
            Optional<RouteMatch> match = VirtualServiceMatches.of(m, port, waypoint);
            if (match.isPresent()) {
                String own = m.text("name", "");
                String full = own.isEmpty() ? name : name + "." + own;
                rules.add(actions.rule(vs, http, full, match.get(), service, port));
                if (match.get().equals(RouteMatch.ANY)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The backends of the first TCP rule that fits; empty when no VirtualService speaks of TCP. */
    Optional<List<TcpChain.Backend>> tcp(ServiceModel service, Port port) {
        for (KubeObject vs : objects.ofKind("VirtualService")) {
            Fields spec = report.open(vs).at("spec");
            if (!applies(vs, spec, service)) {
                continue;
            }
            for (Fields tcp : spec.list("tcp")) {
                List<Fields> matches = tcp.list("match");
                boolean fits = matches.isEmpty();
                for (Fields m : matches) {
                    int p = m.integer("port", 0);
                    fits |= p == 0 || p == port.number();
                }
                if (fits) {
                    return Optional.of(actions.tcp(vs, tcp, port));
                }
            }
        }
        return Optional.empty();
    }

    private boolean applies(KubeObject vs, Fields spec, ServiceModel service) {
        List<String> gateways = spec.texts("gateways");
        List<String> hosts = spec.texts("hosts");
        List<String> exportTo = spec.texts("exportTo");
        if (!gateways.isEmpty() && !gateways.contains("mesh")) {
            spec.skip("http", "tcp", "tls");
            return false;
        }
        boolean waypoints = vs.namespace().equals(waypoint.namespace());
        boolean services = vs.namespace().equals(service.info().namespace());
        if (!waypoints && !services) {
            return false;
        }
        if (!exportTo.isEmpty()
                && !exportTo.contains("*")
                && !(exportTo.contains(".") && waypoints)
                && !exportTo.contains(waypoint.namespace())) {
            return false;
        }
        for (String h : hosts) {
            if (hostMatches(ServiceRegistry.fqdn(h, vs.namespace()), service.host())) {
                return true;
            }
        }
        return false;
    }

    /** Wildcards are allowed on either side. */
    static boolean hostMatches(String pattern, String host) {
        if (pattern.equals(host) || pattern.equals("*")) {
            return true;
        }
        if (pattern.startsWith("*")) {
            return host.endsWith(pattern.substring(1));
        }
        return host.startsWith("*") && pattern.endsWith(host.substring(1));
    }
}
