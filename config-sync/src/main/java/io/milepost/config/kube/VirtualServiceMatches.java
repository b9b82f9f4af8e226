package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** HTTPMatchRequest. */
final class VirtualServiceMatches {
    private VirtualServiceMatches() {}

    /** Empty when the entry can never match here. */
    static Optional<RouteMatch> of(MatchEntry m, Port port, GatewayRef waypoint) {
        boolean possible = true;
        List<String> gateways = m.texts("gateways");
        possible &= gateways.isEmpty() || gateways.contains("mesh");
        int p = m.integer("port");
        possible &= p == 0 || p == port.number();
        String namespace = m.text("sourceNamespace");
        // Compared with the waypoint's own namespace, whoever calls (recorded from istiod), and not at all beside
        // gateways (istiod's sourceMatchHTTP).
        possible &= !gateways.isEmpty() || namespace.isEmpty() || namespace.equals(waypoint.namespace());
        if (m.names("sourceLabels")) {
            Fields holder = m.naming("sourceLabels");
            holder.warn(
                    "sourceLabels",
                    "never matches at a waypoint, this entry has no effect: use an AuthorizationPolicy or "
                            + "a header");
            holder.skip("sourceLabels");
            possible = false;
        }
        if (m.has("statPrefix")) {
            Fields f = m.holding("statPrefix");
            f.info("statPrefix", "names Envoy's own statistics, which are not written here: use istio_requests_total");
            f.skip("statPrefix");
        }
        boolean ignoreCase = m.holding("ignoreUriCase").bool("ignoreUriCase", false);
        PathMatch path = m.has("uri") ? path(m.at("uri"), ignoreCase) : PathMatch.ANY;
        List<HeaderMatch> headers = new ArrayList<>();
        for (Map.Entry<String, Fields> e : m.objects("headers").entrySet()) {
            headers.add(new HeaderMatch(name(e), value(e.getValue())));
        }
        for (Map.Entry<String, Fields> e : m.objects("withoutHeaders").entrySet()) {
            ValueMatch v = value(e.getValue());
            headers.add(new HeaderMatch(name(e), v, true, !(v instanceof ValueMatch.Present)));
        }
        for (String pseudo : new String[] {"method", "authority", "scheme"}) {
            if (m.has(pseudo)) {
                headers.add(new HeaderMatch(":" + pseudo, value(m.at(pseudo))));
            }
        }
        List<RouteMatch.QueryMatch> query = new ArrayList<>();
        for (Map.Entry<String, Fields> e : m.objects("queryParams").entrySet()) {
            query.add(new RouteMatch.QueryMatch(e.getKey(), value(e.getValue())));
        }
        return possible ? Optional.of(new RouteMatch(path, headers, query)) : Optional.empty();
    }

    /** What takes everything; istiod adds no further rule of the object then. */
    static boolean takesAll(RouteMatch m) {
        boolean path = m.path().equals(PathMatch.ANY)
                || m.path() instanceof PathMatch.Prefix p && p.prefix().equals("/")
                || m.path() instanceof PathMatch.Regex r && r.pattern().equals(".*");
        return path && m.headers().isEmpty() && m.query().isEmpty();
    }

    private static String name(Map.Entry<String, Fields> header) {
        String n = header.getKey().toLowerCase(Locale.ROOT);
        if (n.startsWith("@request.auth.claims")) {
            header.getValue()
                    .error("", "claims cannot be matched for the gateway 'mesh': use an AuthorizationPolicy with when");
        } else if (n.startsWith(":")) {
            header.getValue()
                    .error("", "pseudo-headers have fields of their own: use method, authority, scheme or uri");
        }
        return n.equals("host") ? ":authority" : n;
    }

    private static PathMatch path(Fields f, boolean ignoreCase) {
        if (f.has("exact")) {
            return new PathMatch.Exact(f.text("exact", ""), ignoreCase);
        }
        if (f.has("prefix")) {
            return new PathMatch.Prefix(f.text("prefix", ""), ignoreCase);
        }
        String regex = f.text("regex", "");
        if (!f.has("regex")) {
            return PathMatch.ANY;
        }
        return Regexes.valid(f, "regex", regex) ? new PathMatch.Regex(regex) : new PathMatch.Exact("", false);
    }

    /** An empty StringMatch means that the value exists. */
    static ValueMatch value(Fields f) {
        if (f.has("exact")) {
            return ValueMatch.exact(f.text("exact", ""));
        }
        if (f.has("prefix")) {
            return ValueMatch.prefix(f.text("prefix", ""));
        }
        if (f.has("regex")) {
            String regex = f.text("regex", "");
            if (regex.isEmpty()) {
                f.error("regex", "is empty: write an expression, or leave the value empty for presence");
            }
            Regexes.valid(f, "regex", regex);
            return new ValueMatch.Regex(regex);
        }
        return ValueMatch.PRESENT;
    }
}
