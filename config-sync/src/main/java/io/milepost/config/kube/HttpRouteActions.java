package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Backend;
import io.milepost.mesh.RouteAction.Mirror;
import io.milepost.mesh.RouteAction.Timeouts;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a rule of an HTTPRoute does. A rule that istiod does not understand drops its whole route. */
final class HttpRouteActions {
    private final Targets targets;
    private final KubeObjects objects;

    HttpRouteActions(Targets targets, KubeObjects objects) {
        this.targets = targets;
        this.objects = objects;
    }

    /** One rule, before it is joined with one of its matches. */
    record Rule(
            String name,
            List<Fields> matches,
            HttpFilters filters,
            List<Destination> destinations,
            Timeouts timeouts,
            RetryPolicy retry,
            String virtualHost,
            int listenerPort,
            SourceRef source) {

        RouteRule forMatch(RouteMatch match) {
            PathMatch path = match.path();
            HeaderOps request = filters.request();
            HeaderOps response = filters.response();
            String operation = Targets.operation(virtualHost, listenerPort, path);
            RouteAction action;
            if (filters.redirect().isPresent()) {
                action = filters.redirect().get().toAction(listenerPort);
            } else if (destinations.isEmpty()) {
                action = new RouteAction.DirectReply(500, "");
            } else {
                boolean weighted = destinations.size() > 1;
                List<Backend> backends = new ArrayList<>();
                for (Destination d : destinations) {
                    backends.add(
                            weighted
                                    ? new Backend(
                                            d.cluster(),
                                            d.weight(),
                                            d.filters().request().mutations(),
                                            d.filters().response().mutations(),
                                            d.filters().request().host())
                                    : new Backend(d.cluster(), d.weight()));
                }
                if (!weighted) {
                    Destination d = destinations.getFirst();
                    request = request.then(d.filters().request());
                    response = response.then(d.filters().response());
                    if (!d.host().isEmpty()) {
                        operation = Targets.operation(d.host(), d.port(), path);
                    }
                }
                action = new RouteAction.Forward(
                        backends,
                        weighted,
                        500,
                        filters.rewrite(path, request.host()),
                        timeouts,
                        retry,
                        filters.mirrors(),
                        List.of());
            }
            return new RouteRule(
                    name,
                    match,
                    action,
                    request.mutations(),
                    response.mutations(),
                    Optional.empty(),
                    filters.redirect().isPresent() ? Optional.empty() : filters.cors(),
                    operation,
                    source);
        }
    }

    /** @param host empty for a kind that is not supported */
    record Destination(String cluster, String host, int port, int weight, HttpFilters filters) {}

    /** Empty when the whole route has to be dropped. */
    Optional<List<Rule>> route(Fields spec, ServiceModel service, Port port, int parentPort) {
        KubeObject o = spec.object();
        List<Rule> out = new ArrayList<>();
        int index = 0;
        for (Fields r : spec.list("rules")) {
            Optional<Rule> rule = rule(r, o, index++, service, port, parentPort);
            if (rule.isEmpty()) {
                return Optional.empty();
            }
            out.add(rule.get());
        }
        return Optional.of(out);
    }

    private Optional<Rule> rule(Fields r, KubeObject o, int index, ServiceModel service, Port port, int parentPort) {
        String name = r.text("name", o.namespace() + "." + o.name() + "." + index);
        Optional<HttpFilters> filters = HttpFilters.of(r, false, this::mirror);
        if (filters.isEmpty()) {
            return Optional.empty();
        }
        List<Destination> destinations = new ArrayList<>();
        for (Fields b : r.list("backendRefs")) {
            int weight = b.integer("weight", 1);
            if (weight <= 0) {
                // Not looked at any further, not even its filters (recorded from istiod).
                b.skip("filters", "name", "namespace", "port", "kind", "group");
                continue;
            }
            Optional<HttpFilters> own = HttpFilters.of(b, true, this::mirror);
            if (own.isEmpty()) {
                return Optional.empty();
            }
            String dotted = b.text("kind", "Service").equals("Service") ? b.text("name", "") : "";
            if (dotted.indexOf('.') >= 0) {
                b.warn(
                        "name",
                        "'" + dotted + "' is no Service name, the whole route is dropped: write the short name "
                                + "and namespace, or kind Hostname of group networking.istio.io");
                return Optional.empty();
            }
            destinations.add(destination(b, weight, own.get(), o));
        }
        Fields t = r.at("timeouts");
        long request = t.millis("request", 0);
        long backend = t.millis("backendRequest", 0);
        boolean retries = r.has("retry");
        long whole = !retries && backend > 0 ? backend : request;
        RetryPolicy retry = retries ? Retries.ofGateway(r.at("retry"), backend) : RetryPolicy.ISTIO_DEFAULT;
        if (r.has("sessionPersistence")) {
            r.warn("sessionPersistence", "has no effect at a waypoint: use consistentHash of a DestinationRule");
            r.skip("sessionPersistence");
        }
        return Optional.of(new Rule(
                name,
                r.list("matches"),
                filters.get(),
                destinations,
                new Timeouts(whole, whole),
                retry,
                o.namespace() + "~" + (parentPort == 0 ? "" : parentPort + "~") + service.host(),
                port.number(),
                o.ref("spec.rules[" + index + "]")));
    }

    private Destination destination(Fields b, int weight, HttpFilters filters, KubeObject o) {
        String group = b.text("group", "");
        String kind = b.text("kind", "Service");
        String name = b.required("name");
        String namespace = b.text("namespace", o.namespace());
        int port = b.integer("port", 0);
        String host;
        if (kind.equals("Service") && (group.isEmpty() || group.equals("core"))) {
            host = name + "." + namespace + ServiceRegistry.DOMAIN;
            if (targets.registry().byHost(host).flatMap(s -> s.port(port)).isEmpty()) {
                b.warn(
                        "name",
                        "there is no Service " + namespace + "/" + name + " with port " + port
                                + ", requests get 500: mend name, namespace or port");
            }
            if (!namespace.equals(o.namespace()) && !granted(o, namespace, name)) {
                b.warn(
                        "namespace",
                        "no ReferenceGrant in " + namespace + " allows this reference; a waypoint follows it "
                                + "nevertheless, other implementations may not");
            }
        } else if (kind.equals("Hostname") && group.equals("networking.istio.io")) {
            host = name;
        } else {
            b.warn("kind", "'" + kind + "' is not supported as backend, requests get 500: use Service or Hostname");
            return new Destination("UnknownService", "", port, weight, filters);
        }
        return new Destination(targets.of(host, port, "", true), host, port, weight, filters);
    }

    /** A mirror to something that does not exist is dropped without harm. */
    private Optional<Mirror> mirror(Fields f) {
        Fields ref = f.at("backendRef");
        String host =
                ref.text("name", "") + "." + ref.text("namespace", f.object().namespace()) + ServiceRegistry.DOMAIN;
        int port = ref.integer("port", 0);
        boolean service = ref.text("kind", "Service").equals("Service")
                && ref.text("group", "").isEmpty();
        int perMillion = 1_000_000;
        if (f.has("fraction")) {
            Fields x = f.at("fraction");
            int denominator = Math.max(1, x.integer("denominator", 100));
            perMillion = (int) Math.round(1e6 * x.integer("numerator", 0) / denominator);
        } else if (f.has("percent")) {
            perMillion = f.integer("percent", 100) * 10_000;
        }
        if (!service
                || targets.registry().byHost(host).flatMap(s -> s.port(port)).isEmpty()) {
            ref.warn("name", "there is nothing to mirror to: mend kind, name, namespace or port");
            return Optional.empty();
        }
        return perMillion <= 0
                ? Optional.empty()
                : Optional.of(new Mirror(targets.of(host, port, "", true), perMillion));
    }

    private boolean granted(KubeObject route, String namespace, String service) {
        for (KubeObject g : objects.ofKind("ReferenceGrant", namespace)) {
            boolean from = false;
            for (var f : g.spec().path("from")) {
                from |= f.path("kind").asText().equals(route.kind())
                        && f.path("namespace").asText().equals(route.namespace());
            }
            boolean to = false;
            for (var t : g.spec().path("to")) {
                to |= t.path("kind").asText().equals("Service")
                        && (!t.hasNonNull("name") || t.path("name").asText().equals(service));
            }
            if (from && to) {
                return true;
            }
        }
        return false;
    }
}
