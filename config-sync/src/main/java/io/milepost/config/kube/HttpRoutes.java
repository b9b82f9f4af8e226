package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** HTTPRoutes whose parent is a service: which apply, what they match, in which order. */
final class HttpRoutes {
    private final KubeObjects objects;
    private final Report report;
    private final GatewayRef waypoint;
    private final HttpRouteActions actions;

    HttpRoutes(KubeObjects objects, Report report, GatewayRef waypoint, Targets targets) {
        this.objects = objects;
        this.report = report;
        this.waypoint = waypoint;
        this.actions = new HttpRouteActions(targets, objects);
    }

    private record Key(String namespace, int port) {}

    private record Entry(int rank, int length, boolean method, int headers, int query, RouteRule rule) {
        /** Exact, then prefix, then regex; longer; with method; more headers; more query parameters; else as written. */
        static final Comparator<Entry> ORDER = Comparator.comparingInt(Entry::rank)
                .thenComparing(Comparator.comparingInt(Entry::length).reversed())
                .thenComparing(Comparator.comparing(Entry::method).reversed())
                .thenComparing(Comparator.comparingInt(Entry::headers).reversed())
                .thenComparing(Comparator.comparingInt(Entry::query).reversed());
    }

    private record Group(String created, String name, List<Entry> entries) {}

    /** Lists of rules for one service port. */
    List<RouteList> of(ServiceModel service, Port port) {
        Map<Key, Group> groups = new LinkedHashMap<>();
        for (KubeObject route : objects.ofKind("HTTPRoute")) {
            boolean counts = route.namespace().equals(service.info().namespace())
                    || route.namespace().equals(waypoint.namespace());
            Fields spec = report.open(route).at("spec");
            // Neither has an effect for a service's parent (recorded from istiod).
            spec.skip("hostnames", "useDefaultGateways");
            for (Fields parent : spec.list("parentRefs")) {
                int parentPort = parent.integer("port", 0);
                if (!isParent(parent, service) || parentPort != 0 && parentPort != port.number()) {
                    continue;
                }
                if (!counts) {
                    parent.warn(
                            "namespace",
                            "a route in namespace " + route.namespace() + " does not count for a service of "
                                    + service.info().namespace() + ": create it in the service's namespace");
                    continue;
                }
                Group group = groups.computeIfAbsent(
                        new Key(route.namespace(), parentPort),
                        k -> new Group(route.created(), route.name(), new ArrayList<>()));
                actions.route(spec, service, port, parentPort).ifPresent(rules -> rules.forEach(r -> add(r, group)));
            }
        }
        List<RouteList> out = new ArrayList<>();
        groups.forEach((key, group) -> {
            if (!group.entries().isEmpty()) {
                out.add(new RouteList(
                        key.namespace().equals(waypoint.namespace())
                                ? RouteList.Rank.WAYPOINT_NAMESPACE
                                : RouteList.Rank.OTHERS,
                        group.created(),
                        group.name(),
                        key.port(),
                        group.entries().stream()
                                .sorted(Entry.ORDER)
                                .map(Entry::rule)
                                .toList()));
            }
        });
        return out;
    }

    /** Complaints about routes that no service of this waypoint could look at. */
    void reportUnattached(ServiceRegistry registry) {
        for (KubeObject route : objects.ofKind("HTTPRoute")) {
            for (Fields parent : report.open(route).at("spec").list("parentRefs")) {
                String kind = parent.text("kind", "");
                if (kind.equals("Gateway")) {
                    parent.warn(
                            "kind", "a Gateway as parent is served by an ingress, not by a waypoint: name a Service");
                } else if (registry.all().stream().noneMatch(s -> isParent(parent, s))) {
                    parent.warn("name", "there is no such service: mend the name or the namespace");
                }
            }
        }
    }

    static boolean isParent(Fields parent, ServiceModel service) {
        String group = parent.text("group", "");
        String kind = parent.text("kind", "");
        String name = parent.text("name", "");
        String namespace = parent.text("namespace", parent.object().namespace());
        parent.skip("sectionName");
        ServiceInfo info = service.info();
        boolean kindFits = info.kind().equals("Service")
                ? kind.equals("Service") && (group.isEmpty() || group.equals("core"))
                : kind.equals("ServiceEntry") && group.equals("networking.istio.io");
        return kindFits && info.name().equals(name) && info.namespace().equals(namespace);
    }

    private void add(HttpRouteActions.Rule rule, Group group) {
        for (Fields m : rule.matches()) {
            Optional<RouteMatch> match = match(m);
            if (match.isEmpty()) {
                continue;
            }
            PathMatch path = match.get().path();
            int rank = switch (path) {
                case PathMatch.Exact e -> 0;
                case PathMatch.Prefix e -> 1;
                case PathMatch.SegmentPrefix e -> 1;
                case PathMatch.Regex e -> 2;
            };
            int length = switch (path) {
                case PathMatch.Exact e -> e.path().length();
                case PathMatch.Prefix e -> e.prefix().length();
                case PathMatch.SegmentPrefix e -> e.prefix().length();
                case PathMatch.Regex e -> e.pattern().length();
            };
            boolean method = m.has("method");
            group.entries()
                    .add(new Entry(
                            rank,
                            length,
                            method,
                            match.get().headers().size() - (method ? 1 : 0),
                            match.get().query().size(),
                            rule.forMatch(match.get())));
        }
    }

    private static Optional<RouteMatch> match(Fields m) {
        PathMatch path = PathMatch.ANY;
        Fields p = m.at("path");
        String type = p.text("type", "PathPrefix");
        String value = p.text("value", "/");
        switch (type) {
            case "Exact" -> path = new PathMatch.Exact(value, false);
            case "PathPrefix" -> {
                String trimmed = value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
                path = trimmed.isEmpty() ? PathMatch.ANY : new PathMatch.SegmentPrefix(trimmed, false);
            }
            case "RegularExpression" -> {
                if (!Regexes.valid(p, "value", value)) {
                    return Optional.empty();
                }
                path = new PathMatch.Regex(value);
            }
            default -> {
                p.error("type", "'" + type + "' is unknown: use Exact, PathPrefix or RegularExpression");
                return Optional.empty();
            }
        }
        List<HeaderMatch> headers = new ArrayList<>();
        if (m.has("method")) {
            headers.add(new HeaderMatch(":method", ValueMatch.exact(m.text("method", ""))));
        }
        for (Fields h : m.list("headers")) {
            Optional<ValueMatch> v = value(h);
            if (v.isEmpty()) {
                return Optional.empty();
            }
            String name = h.required("name").toLowerCase(Locale.ROOT);
            headers.add(new HeaderMatch(name.equals("host") ? ":authority" : name, v.get()));
        }
        List<RouteMatch.QueryMatch> query = new ArrayList<>();
        for (Fields q : m.list("queryParams")) {
            Optional<ValueMatch> v = value(q);
            if (v.isEmpty()) {
                return Optional.empty();
            }
            query.add(new RouteMatch.QueryMatch(q.required("name"), v.get()));
        }
        return Optional.of(new RouteMatch(path, headers, query));
    }

    private static Optional<ValueMatch> value(Fields f) {
        String type = f.text("type", "Exact");
        String value = f.text("value", "");
        return switch (type) {
            case "Exact" -> Optional.of(ValueMatch.exact(value));
            case "RegularExpression" ->
                value.equals("*")
                        ? Optional.of(ValueMatch.PRESENT)
                        : Regexes.valid(f, "value", value)
                                ? Optional.of(new ValueMatch.Regex(value))
                                : Optional.empty();
            default -> {
                f.error("type", "'" + type + "' is unknown: use Exact or RegularExpression");
                yield Optional.empty();
            }
        };
    }
}
