package io.milepost.config.kube;

import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The matches of HTTPRoutes and GRPCRoutes. Headers and query parameters stand in the order of their names, as istiod has them. */
final class RouteMatches {
    private RouteMatches() {}

    /** Empty when it was not understood; that is an error of the object. */
    static Optional<RankedMatch> http(Fields m) {
        Optional<PathMatch> path = path(m.at("path"));
        Optional<List<HeaderMatch>> headers = headers(m);
        Optional<List<RouteMatch.QueryMatch>> query = query(m);
        boolean method = m.has("method");
        String verb = m.text("method", "");
        if (path.isEmpty() || headers.isEmpty() || query.isEmpty()) {
            return Optional.empty();
        }
        List<HeaderMatch> all = new ArrayList<>(headers.get());
        if (method) {
            all.add(new HeaderMatch(":method", ValueMatch.exact(verb)));
        }
        return Optional.of(RankedMatch.of(new RouteMatch(path.get(), all, query.get()), method));
    }

    static Optional<RankedMatch> grpc(Fields m) {
        Optional<List<HeaderMatch>> headers = headers(m);
        boolean any = !m.has("method");
        Optional<PathMatch> path = any ? Optional.of(PathMatch.ANY) : method(m.at("method"));
        if (headers.isEmpty() || path.isEmpty()) {
            return Optional.empty();
        }
        RouteMatch match = new RouteMatch(path.get(), headers.get(), List.of());
        return Optional.of(any ? RankedMatch.withoutPath(match) : RankedMatch.of(match, false));
    }

    private static Optional<PathMatch> path(Fields p) {
        String type = p.text("type", "PathPrefix");
        String value = p.text("value", "/");
        return switch (type) {
            case "Exact" -> Optional.of(new PathMatch.Exact(value, false));
            case "PathPrefix" -> Optional.of(prefix(value));
            case "RegularExpression" ->
                Regexes.valid(p, "value", value) ? Optional.of(new PathMatch.Regex(value)) : Optional.empty();
            default -> {
                p.error("type", "'" + type + "' is unknown: use Exact, PathPrefix or RegularExpression");
                yield Optional.empty();
            }
        };
    }

    private static PathMatch prefix(String value) {
        String trimmed = value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
        return trimmed.isEmpty() ? PathMatch.ANY : new PathMatch.SegmentPrefix(trimmed, false);
    }

    /** The forms that istiod gives them: a method without service is a regular expression that is not grouped. */
    private static Optional<PathMatch> method(Fields m) {
        String type = m.text("type", "Exact");
        String service = m.text("service", "");
        String method = m.text("method", "");
        if (service.isEmpty() && method.isEmpty()) {
            m.error("service", "is missing, and so is method: write one of them or leave the match out");
            return Optional.empty();
        }
        switch (type) {
            case "Exact" -> {
                if (!service.isEmpty() && !method.isEmpty()) {
                    return Optional.of(new PathMatch.Exact("/" + service + "/" + method, false));
                }
                if (method.isEmpty()) {
                    return Optional.of(prefix("/" + service + "/"));
                }
            }
            case "RegularExpression" -> {
                // built below
            }
            default -> {
                m.error("type", "'" + type + "' is unknown: use Exact or RegularExpression");
                return Optional.empty();
            }
        }
        String pattern = "/" + (service.isEmpty() ? "[^/]+" : service) + "/" + (method.isEmpty() ? ".+" : method);
        boolean fine = (service.isEmpty() || Regexes.valid(m, "service", service))
                && (method.isEmpty() || Regexes.valid(m, "method", method));
        return fine ? Optional.of(new PathMatch.Regex(pattern)) : Optional.empty();
    }

    private static Optional<List<HeaderMatch>> headers(Fields m) {
        if (!m.has("headers")) {
            return Optional.of(List.of());
        }
        List<HeaderMatch> out = new ArrayList<>();
        boolean fine = true;
        // Of the same spelling the last counts, of several spellings all (istiod keeps a map by name).
        Map<String, ValueMatch> byName = new LinkedHashMap<>();
        for (Fields h : m.list("headers")) {
            Optional<ValueMatch> v = value(h);
            fine &= v.isPresent();
            v.ifPresent(x -> byName.put(h.required("name"), x));
        }
        byName.forEach((spelling, x) -> {
            String name = spelling.toLowerCase(Locale.ROOT);
            out.add(new HeaderMatch(name.equals("host") ? ":authority" : name, x));
        });
        out.sort(Comparator.comparing(HeaderMatch::name));
        return fine ? Optional.of(out) : Optional.empty();
    }

    private static Optional<List<RouteMatch.QueryMatch>> query(Fields m) {
        if (!m.has("queryParams")) {
            return Optional.of(List.of());
        }
        List<RouteMatch.QueryMatch> out = new ArrayList<>();
        boolean fine = true;
        Map<String, ValueMatch> byName = new TreeMap<>();
        for (Fields q : m.list("queryParams")) {
            Optional<ValueMatch> v = value(q);
            fine &= v.isPresent();
            v.ifPresent(x -> byName.put(q.required("name"), x));
        }
        byName.forEach((name, x) -> out.add(new RouteMatch.QueryMatch(name, x)));
        return fine ? Optional.of(out) : Optional.empty();
    }

    private static Optional<ValueMatch> value(Fields f) {
        String type = f.text("type", "Exact");
        String value = f.text("value", "");
        return switch (type) {
            case "Exact" -> Optional.of(ValueMatch.exact(value));
            case "RegularExpression" -> {
                if (value.equals("*")) {
                    yield Optional.of(ValueMatch.PRESENT);
                }
                yield Regexes.valid(f, "value", value) ? Optional.of(new ValueMatch.Regex(value)) : Optional.empty();
            }
            default -> {
                f.error("type", "'" + type + "' is unknown: use Exact or RegularExpression");
                yield Optional.empty();
            }
        };
    }
}
