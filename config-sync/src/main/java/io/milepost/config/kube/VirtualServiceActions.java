package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Backend;
import io.milepost.mesh.RouteAction.HashPolicy;
import io.milepost.mesh.RouteAction.Mirror;
import io.milepost.mesh.RouteAction.RegexRewrite;
import io.milepost.mesh.RouteAction.Rewrite;
import io.milepost.mesh.RouteAction.Timeouts;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.TcpChain;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What an HTTPRoute entry of a VirtualService does. */
final class VirtualServiceActions {
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int MAX_BODY = 1 << 20;

    private final Targets targets;
    private final DestinationRules rules;
    private final MeshConfig mesh;

    VirtualServiceActions(Targets targets, DestinationRules rules, MeshConfig mesh) {
        this.targets = targets;
        this.rules = rules;
        this.mesh = mesh;
    }

    private record Target(
            String cluster,
            String host,
            int port,
            int weight,
            HeaderOps request,
            HeaderOps response,
            List<HashPolicy> hash) {}

    RouteRule rule(KubeObject vs, HttpEntry http, String name, RouteMatch match, ServiceModel service, Port port) {
        VirtualServiceChecks.entry(http);
        Fields headers = http.at("headers");
        HeaderOps request = HeaderOps.ofVirtualService(headers.at("request"), true);
        HeaderOps response = HeaderOps.ofVirtualService(headers.at("response"), false);
        PathMatch path = match.path();
        String operation = Targets.operation(vs.name(), port.number(), path);
        RouteAction action;
        if (http.has("redirect")) {
            action = redirect(http.at("redirect"), port.number());
        } else if (http.has("directResponse")) {
            action = direct(http.at("directResponse"));
        } else {
            List<Target> all = targets(http.own(), port);
            boolean weighted = all.size() > 1;
            if (weighted) {
                all.removeIf(t -> t.weight() == 0);
            }
            if (all.isEmpty()) {
                http.own()
                        .error(
                                "route",
                                "sends requests nowhere: name a destination (with a weight above 0), a redirect or a "
                                        + "directResponse");
                action = new RouteAction.DirectReply(500, "");
            } else {
                Target first = all.getFirst();
                List<HashPolicy> hash = new ArrayList<>();
                all.forEach(t -> hash.addAll(t.hash()));
                if (!weighted) {
                    request = request.then(first.request());
                    response = response.then(first.response());
                    operation = Targets.operation(first.host(), first.port(), path);
                }
                action = new RouteAction.Forward(
                        backends(all, weighted),
                        weighted,
                        503,
                        rewrite(http, request.host()),
                        timeouts(http),
                        retry(http, !weighted && !hash.isEmpty()),
                        mirrors(http, port),
                        hash);
            }
        }
        return new RouteRule(
                name,
                match,
                action,
                request.mutations(),
                response.mutations(),
                http.maybe("fault").map(VirtualServiceFilters::fault),
                http.maybe("corsPolicy").map(VirtualServiceFilters::cors),
                operation,
                RouteRule.config(vs.namespace(), vs.name()),
                http.own().ref());
    }

    private List<Target> targets(Fields own, Port port) {
        List<Target> all = new ArrayList<>();
        for (Fields r : own.list("route")) {
            all.add(target(r, port));
        }
        return all;
    }

    private static List<Backend> backends(List<Target> all, boolean weighted) {
        List<Backend> backends = new ArrayList<>();
        for (Target t : all) {
            backends.add(
                    weighted
                            ? new Backend(
                                    t.cluster(),
                                    t.weight(),
                                    t.request().mutations(),
                                    t.response().mutations(),
                                    t.request().host())
                            : new Backend(t.cluster(), 1));
        }
        return backends;
    }

    /** The first destination's DestinationRule settles how long connections live. */
    TcpRouteList.Route tcp(Fields rule, Port port) {
        List<TcpChain.Backend> out = new ArrayList<>();
        List<Fields> routes = rule.list("route");
        for (Fields r : routes) {
            int weight = routes.size() == 1 ? 1 : r.integer("weight", 0);
            r.skip("weight");
            String name = cluster(r.at("destination"), port, false).cluster();
            if (weight > 0) {
                out.add(new TcpChain.Backend(name, weight));
            }
        }
        if (out.isEmpty()) {
            rule.warn("route", "sends connections nowhere, they are refused: name a destination with a weight above 0");
            return TcpRouteList.Route.to(out);
        }
        Fields first = routes.getFirst().at("destination");
        String host =
                ServiceRegistry.fqdn(first.text("host", ""), first.object().namespace());
        // Only a single destination's subset is looked at (istiod's buildWaypointNetworkFilters).
        DestinationRules.TcpSettings s = rules.tcp(host, routes.size() == 1 ? first.text("subset", "") : "");
        return new TcpRouteList.Route(out, s.idleTimeoutMillis(), s.maxDurationMillis(), s.hashSourceIp());
    }

    private Target target(Fields route, Port port) {
        Fields destination = route.at("destination");
        Target t = cluster(destination, port, true);
        Fields headers = route.at("headers");
        boolean named = destination.at("port").has("number");
        return new Target(
                t.cluster(),
                t.host(),
                t.port(),
                route.integer("weight", 0),
                HeaderOps.ofVirtualService(headers.at("request"), true),
                HeaderOps.ofVirtualService(headers.at("response"), false),
                rules.hash(t.host(), destination.text("subset", ""), named ? t.port() : 0));
    }

    private Target cluster(Fields destination, Port listener, boolean http) {
        String host = ServiceRegistry.fqdn(
                destination.required("host"), destination.object().namespace());
        String subset = destination.text("subset", "");
        Optional<ServiceModel> known = targets.registry().byHost(host);
        int port = destination.at("port").integer("number", 0);
        if (port == 0) {
            port = known.filter(s -> s.ports().size() == 1)
                    .map(s -> s.ports().getFirst().number())
                    .orElse(listener.number());
        }
        int chosen = port;
        if (known.flatMap(s -> s.port(chosen)).isEmpty()) {
            destination.warn(
                    "host",
                    "there is no service " + host + " with port " + chosen + ", requests get 503: mend "
                            + "host or port");
        } else if (!subset.isEmpty() && !rules.hasSubset(host, subset)) {
            destination.warn(
                    "subset",
                    "no DestinationRule for " + host + " has subset '" + subset
                            + "', requests get 503: define it or mend the name");
        }
        return new Target(
                targets.of(host, chosen, subset, http), host, chosen, 1, HeaderOps.NONE, HeaderOps.NONE, List.of());
    }

    private static RouteAction redirect(Fields f, int listenerPort) {
        Optional<String> scheme = f.text("scheme");
        int port = f.integer("port", 0);
        String derive = f.text("derivePort", "");
        if (derive.equals("FROM_REQUEST_PORT")) {
            port = listenerPort;
        }
        String effective = scheme.orElse("http");
        if (port == 80 && effective.equals("http") || port == 443 && effective.equals("https")) {
            port = 0;
        }
        int code = f.integer("redirectCode", 301);
        if (!REDIRECTS.contains(code)) {
            f.error("redirectCode", code + " is no redirect: use 301, 302, 303, 307 or 308");
            code = 301;
        }
        return new RouteAction.Redirect(
                code, scheme, f.text("authority"), port, f.text("uri"), Optional.empty(), Optional.empty(), false);
    }

    private static RouteAction direct(Fields f) {
        Fields body = f.at("body");
        String text = body.text("string", "");
        if (body.has("bytes")) {
            try {
                text = new String(Base64.getDecoder().decode(body.text("bytes", "")), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                body.error("bytes", "is no base64: " + e.getMessage());
            }
        }
        int status = f.integer("status", 0);
        if (status < 200 || status > 599) {
            f.error("status", status + " is no status of a final answer: use 200 to 599");
            status = 500;
        }
        if (text.length() > MAX_BODY) {
            body.error("string", "is longer than 1 MiB: serve it from an application");
        }
        return new RouteAction.DirectReply(status, text);
    }

    private static Optional<Rewrite> rewrite(HttpEntry http, Optional<String> hostHeader) {
        Fields f = http.at("rewrite");
        Optional<String> host = f.text("authority").or(() -> hostHeader);
        Optional<String> prefix = f.text("uri").filter(u -> !u.isEmpty());
        Optional<RegexRewrite> regex = f.maybe("uriRegexRewrite").map(r -> {
            String pattern = r.text("match", "");
            Regexes.valid(r, "match", pattern);
            return new RegexRewrite(pattern, r.text("rewrite", ""));
        });
        return host.isEmpty() && prefix.isEmpty() && regex.isEmpty()
                ? Optional.empty()
                : Optional.of(new Rewrite(regex.isPresent() ? Optional.empty() : prefix, regex, host));
    }

    private static Timeouts timeouts(HttpEntry http) {
        long t = http.holding("timeout").millis("timeout", 0);
        return new Timeouts(t, t);
    }

    /** A hashed request belongs to one endpoint: unless it is asked for, a retry does not go elsewhere. */
    private RetryPolicy retry(HttpEntry http, boolean hashed) {
        if (!http.has("retries")) {
            return hashed ? Retries.anyHost(mesh.defaultRetry()) : mesh.defaultRetry();
        }
        Fields f = http.at("retries");
        RetryPolicy p = Retries.ofVirtualService(f);
        return hashed && !f.has("retryIgnorePreviousHosts") ? Retries.anyHost(p) : p;
    }

    private List<Mirror> mirrors(HttpEntry http, Port port) {
        List<Mirror> out = new ArrayList<>();
        if (http.has("mirror")) {
            int share = http.has("mirrorPercentage")
                    ? VirtualServiceFilters.millionths(http.at("mirrorPercentage"))
                    : http.holding("mirrorPercent").integer("mirrorPercent", 100) * 10_000;
            addMirror(cluster(http.at("mirror"), port, true), share, out);
        }
        for (Fields m : http.holding("mirrors").list("mirrors")) {
            int share = m.has("percentage") ? VirtualServiceFilters.millionths(m.at("percentage")) : 1_000_000;
            addMirror(cluster(m.at("destination"), port, true), share, out);
        }
        return out;
    }

    private static void addMirror(Target t, int share, List<Mirror> out) {
        if (share > 0) {
            out.add(new Mirror(t.cluster(), share));
        }
    }
}
