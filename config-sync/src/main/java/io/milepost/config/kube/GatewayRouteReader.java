package io.milepost.config.kube;

import io.milepost.config.kube.HttpFilters.Place;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction.SessionPersistence;
import io.milepost.mesh.RouteAction.Timeouts;
import io.milepost.mesh.RouteMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a route object without looking at anything else, so that the result can be kept as long as the object stays the
 * same. What istiod does not understand drops the whole route; what the specification does not understand breaks a rule.
 */
final class GatewayRouteReader {
    static final Set<String> KINDS = Set.of("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute");
    private final GatewayApiMode mode;

    GatewayRouteReader(GatewayApiMode mode) {
        this.mode = mode;
    }

    GatewayRoute read(KubeObject o) {
        Report report = new Report();
        Fields spec = report.open(o).at("spec");
        List<RouteProblem> problems = new ArrayList<>();
        spec.skip("useDefaultGateways");
        List<ParentRef> parents = ParentRef.read(spec);
        if (parents.isEmpty()) {
            spec.warn("parentRefs", "is missing, so the route serves nothing: name a Service");
        }
        List<String> hostnames = hostnames(o, spec);
        List<GatewayRule> rules = new ArrayList<>();
        Optional<RouteProblem> refused = Optional.empty();
        int index = 0;
        for (Fields r : spec.list("rules")) {
            GatewayRule rule = rule(o, r, index++, problems);
            rules.add(rule);
            if (refused.isEmpty() && !mode.strict()) {
                refused = rule.broken();
            }
        }
        if (o.kind().equals("TCPRoute") || o.kind().equals("TLSRoute")) {
            for (int i = 1; i < rules.size(); i++) {
                spec.warn(
                        "rules[" + i + "]",
                        "can never match: rule 1 of " + o.kind() + " " + o.name()
                                + " takes every connection; join their backendRefs by weight");
            }
        }
        refused.ifPresent(p -> report.add(Finding.warning(
                o.ref(p.field()), p.message() + "; istiod drops the whole route because of it, so do we")));
        if (mode.strict()) {
            rules.forEach(r -> r.broken()
                    .ifPresent(p -> report.add(
                            Finding.warning(o.ref(p.field()), p.message() + "; requests that need it get 500"))));
        }
        report.reportUnread();
        return new GatewayRoute(o, parents, hostnames, rules, refused, problems, report.findings());
    }

    private List<String> hostnames(KubeObject o, Fields spec) {
        List<String> names = spec.texts("hostnames");
        if (!names.isEmpty() && !o.kind().equals("TLSRoute")) {
            spec.warn(
                    "hostnames",
                    "has no effect below a service, whose requests are known by its address: match the header Host "
                            + "instead");
        }
        return names;
    }

    private GatewayRule rule(KubeObject o, Fields r, int index, List<RouteProblem> problems) {
        String name = r.text("name", o.namespace() + "." + o.name() + "." + index);
        boolean http = o.kind().equals("HTTPRoute");
        boolean layer7 = http || o.kind().equals("GRPCRoute");
        HttpFilters filters = layer7 ? HttpFilters.of(r, http ? Place.RULE : Place.GRPC_RULE) : HttpFilters.NONE;
        Optional<RouteProblem> broken = filters.problem();
        List<BackendRef> backends = new ArrayList<>();
        for (Fields b : r.list("backendRefs")) {
            int weight = b.integer("weight", 1);
            if (weight <= 0) {
                // Not looked at any further, not even its filters (recorded from istiod).
                b.skip("filters", "name", "namespace", "port", "kind", "group");
                continue;
            }
            BackendRef ref = backend(b, weight, layer7);
            Optional<RouteProblem> unusable = ref.unusable();
            broken = broken.or(() -> unusable);
            if (!mode.strict()) {
                broken = broken.or(() -> ref.filters().problem());
            } else {
                ref.filters().problem().ifPresent(p -> {
                    problems.add(p);
                    b.warn("filters", p.message() + "; requests for this backend get 500");
                });
            }
            backends.add(ref);
        }
        if (layer7 && filters.redirect().isPresent() && !backends.isEmpty()) {
            r.warn("backendRefs", "is never used: the rule redirects; remove the filter or the backends");
        }
        if (http && filters.redirect().isPresent() && filters.urlRewrite().isPresent()) {
            r.warn("filters", "URLRewrite has no effect beside RequestRedirect: remove one of them");
        }
        Times times = http ? times(r) : new Times(Timeouts.NONE, RetryPolicy.ISTIO_DEFAULT);
        return new GatewayRule(
                name,
                layer7 ? matches(r, http) : List.of(),
                filters,
                backends,
                times.timeouts(),
                times.retry(),
                layer7 ? session(o, r, index) : Optional.empty(),
                broken,
                o.ref("spec.rules[" + index + "]"));
    }

    private static List<RankedMatch> matches(Fields r, boolean http) {
        List<Fields> written = r.list("matches");
        if (written.isEmpty()) {
            return List.of(http ? RankedMatch.of(RouteMatch.ANY, false) : RankedMatch.withoutPath(RouteMatch.ANY));
        }
        List<RankedMatch> out = new ArrayList<>();
        for (Fields m : written) {
            (http ? RouteMatches.http(m) : RouteMatches.grpc(m)).ifPresent(out::add);
        }
        return out;
    }

    private BackendRef backend(Fields b, int weight, boolean layer7) {
        HttpFilters own =
                layer7 ? HttpFilters.of(b, mode.strict() ? Place.STRICT_BACKEND : Place.BACKEND) : HttpFilters.NONE;
        return BackendRef.read(b, weight, own);
    }

    private record Times(Timeouts timeouts, RetryPolicy retry) {}

    private Times times(Fields r) {
        Fields t = r.at("timeouts");
        long request = t.millis("request", 0);
        long backend = t.millis("backendRequest", 0);
        boolean retries = r.has("retry");
        if (mode.strict()) {
            RetryPolicy policy = retries
                    ? Retries.ofGatewayStrict(r.at("retry"), backend)
                    : Retries.withPerTryTimeout(RetryPolicy.ISTIO_DEFAULT, backend);
            return new Times(timeouts(request), policy);
        }
        long whole = !retries && backend > 0 ? backend : request;
        RetryPolicy policy = retries ? Retries.ofGateway(r.at("retry"), backend) : RetryPolicy.ISTIO_DEFAULT;
        return new Times(timeouts(whole), policy);
    }

    private static Timeouts timeouts(long whole) {
        return whole == 0 ? Timeouts.NONE : new Timeouts(whole, whole);
    }

    private Optional<SessionPersistence> session(KubeObject o, Fields r, int index) {
        if (!r.has("sessionPersistence")) {
            return Optional.empty();
        }
        Fields s = r.at("sessionPersistence");
        if (!mode.strict()) {
            s.skipAll();
            r.warn(
                    "sessionPersistence",
                    "istiod ignores it at a waypoint, so do we: use consistentHash of a DestinationRule, or the "
                            + "mode strict");
            return Optional.empty();
        }
        String type = s.text("type", "Cookie");
        if (!type.equals("Cookie") && !type.equals("Header")) {
            s.error("type", "'" + type + "' is unknown: use Cookie or Header");
        }
        boolean cookie = !type.equals("Header");
        String name = s.text("sessionName", "milepost-" + o.namespace() + "-" + o.name() + "-" + index);
        long absolute = s.millis("absoluteTimeout", 0);
        long idle = s.millis("idleTimeout", 0);
        boolean permanent = s.at("cookieConfig").text("lifetimeType", "Session").equals("Permanent");
        if (permanent && absolute <= 0) {
            s.error("absoluteTimeout", "is missing: a permanent cookie needs one");
        }
        return Optional.of(new SessionPersistence(cookie, name, cookie ? "/" : "", permanent, absolute, idle));
    }
}
