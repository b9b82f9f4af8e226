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
import io.milepost.mesh.RouteRule.Cors;
import io.milepost.mesh.RouteRule.Fault;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.ValueMatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What an HTTPRoute entry of a VirtualService does. */
final class VirtualServiceActions {
    private static final List<String> GRPC = List.of(
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED");
    private final Targets targets;
    private final DestinationRules rules;
    private final MeshConfig mesh;

    VirtualServiceActions(Targets targets, DestinationRules rules, MeshConfig mesh) {
        this.targets = targets;
        this.rules = rules;
        this.mesh = mesh;
    }

    private record Target(String cluster, String host, int port, int weight, HeaderOps request, HeaderOps response) {}

    RouteRule rule(KubeObject vs, Fields http, String name, RouteMatch match, ServiceModel service, Port port) {
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
            List<Target> all = new ArrayList<>();
            List<Fields> listed = http.list("route");
            for (Fields r : listed) {
                all.add(target(vs, r, port));
            }
            boolean weighted = all.size() > 1;
            if (weighted) {
                all.removeIf(t -> t.weight() == 0);
            }
            if (all.isEmpty()) {
                http.error(
                        "route",
                        "sends requests nowhere: name a destination (with a weight above 0), a redirect or a "
                                + "directResponse");
                action = new RouteAction.DirectReply(500, "");
            } else {
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
                Target first = all.getFirst();
                if (!weighted) {
                    request = request.then(first.request());
                    response = response.then(first.response());
                    operation = Targets.operation(first.host(), first.port(), path);
                }
                action = new RouteAction.Forward(
                        backends,
                        weighted,
                        503,
                        rewrite(http, request.host()),
                        timeouts(http),
                        retry(http),
                        mirrors(vs, http, port),
                        weighted ? List.<HashPolicy>of() : rules.hash(first.host()));
            }
        }
        return new RouteRule(
                name,
                match,
                action,
                request.mutations(),
                response.mutations(),
                http.maybe("fault").map(VirtualServiceActions::fault),
                http.maybe("corsPolicy").map(VirtualServiceActions::cors),
                operation,
                http.ref());
    }

    List<TcpChain.Backend> tcp(KubeObject vs, Fields tcp, Port port) {
        List<TcpChain.Backend> out = new ArrayList<>();
        List<Fields> routes = tcp.list("route");
        for (Fields r : routes) {
            int weight = r.integer("weight", routes.size() == 1 ? 100 : 0);
            if (weight > 0) {
                out.add(new TcpChain.Backend(
                        cluster(vs, r.at("destination"), port, false).cluster(), weight));
            }
        }
        return out;
    }

    private Target target(KubeObject vs, Fields route, Port port) {
        Target t = cluster(vs, route.at("destination"), port, true);
        Fields headers = route.at("headers");
        return new Target(
                t.cluster(),
                t.host(),
                t.port(),
                route.integer("weight", 0),
                HeaderOps.ofVirtualService(headers.at("request"), true),
                HeaderOps.ofVirtualService(headers.at("response"), false));
    }

    private Target cluster(KubeObject vs, Fields destination, Port listener, boolean http) {
        String host = ServiceRegistry.fqdn(destination.required("host"), vs.namespace());
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
        return new Target(targets.of(host, chosen, subset, http), host, chosen, 1, HeaderOps.NONE, HeaderOps.NONE);
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
        return new RouteAction.Redirect(
                f.integer("redirectCode", 301),
                scheme,
                f.text("authority"),
                port,
                f.text("uri"),
                Optional.empty(),
                Optional.empty(),
                false);
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
        return new RouteAction.DirectReply(f.integer("status", 200), text);
    }

    private static Optional<Rewrite> rewrite(Fields http, Optional<String> hostHeader) {
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

    private static Timeouts timeouts(Fields http) {
        long t = http.millis("timeout", 0);
        return new Timeouts(t, t);
    }

    private RetryPolicy retry(Fields http) {
        return http.has("retries") ? Retries.ofVirtualService(http.at("retries")) : mesh.defaultRetry();
    }

    private List<Mirror> mirrors(KubeObject vs, Fields http, Port port) {
        List<Mirror> out = new ArrayList<>();
        if (http.has("mirror")) {
            int share = http.has("mirrorPercentage")
                    ? millionths(http.at("mirrorPercentage"))
                    : http.integer("mirrorPercent", 100) * 10_000;
            addMirror(cluster(vs, http.at("mirror"), port, true), share, out);
        }
        for (Fields m : http.list("mirrors")) {
            int share = m.has("percentage") ? millionths(m.at("percentage")) : 1_000_000;
            addMirror(cluster(vs, m.at("destination"), port, true), share, out);
        }
        return out;
    }

    private static void addMirror(Target t, int share, List<Mirror> out) {
        if (share > 0) {
            out.add(new Mirror(t.cluster(), share));
        }
    }

    private static int millionths(Fields percent) {
        return (int) Math.round(percent.decimal("value", 0) * 10_000);
    }

    private static Fault fault(Fields f) {
        Optional<Fault.Delay> delay = f.maybe("delay").map(d -> new Fault.Delay(d.millis("fixedDelay", 0), share(d)));
        Optional<Fault.Abort> abort = f.maybe("abort").map(a -> {
            String grpc = a.text("grpcStatus", "").toUpperCase(Locale.ROOT);
            int code = GRPC.indexOf(grpc);
            if (!grpc.isEmpty() && code < 0) {
                a.error("grpcStatus", "'" + grpc + "' is unknown: use a name such as UNAVAILABLE");
            }
            int percent = a.has("percentage") ? millionths(a.at("percentage")) : 0;
            return grpc.isEmpty()
                    ? new Fault.Abort(a.integer("httpStatus", 0), -1, percent)
                    : new Fault.Abort(0, Math.max(code, 0), percent);
        });
        return new Fault(delay, abort);
    }

    private static int share(Fields f) {
        return f.has("percentage") ? millionths(f.at("percentage")) : f.integer("percent", 0) * 10_000;
    }

    private static Cors cors(Fields f) {
        List<ValueMatch> origins = new ArrayList<>();
        for (Fields o : f.list("allowOrigins")) {
            origins.add(VirtualServiceMatches.value(o));
        }
        f.texts("allowOrigin").forEach(o -> origins.add(ValueMatch.exact(o)));
        String maxAge = f.has("maxAge") ? Long.toString(f.millis("maxAge", 0) / 1000) : "";
        return new Cors(
                origins,
                f.texts("allowMethods"),
                f.texts("allowHeaders"),
                f.texts("exposeHeaders"),
                maxAge,
                f.has("allowCredentials") ? Optional.of(f.bool("allowCredentials", false)) : Optional.empty(),
                !f.text("unmatchedPreflights", "FORWARD").equals("IGNORE"));
    }
}
