package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.route.v3.QueryParameterMatcher;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One route. Where a part of it is not understood, the rule answers 500 to everything that the understood part of its
 * match takes: the request must not slip through to a rule that it was kept from.
 */
final class RouteReader {
    private static final RouteAction NOT_UNDERSTOOD = new RouteAction.DirectReply(500, "");

    private final String where;
    private final Findings findings;

    RouteReader(String where, Findings findings) {
        this.where = where;
        this.findings = findings;
    }

    RouteRule read(Route r) {
        List<String> unknown = new ArrayList<>();
        RouteMatch match = match(r.getMatch(), unknown);
        Optional<RouteRule.Fault> fault = Optional.empty();
        Optional<RouteRule.Cors> cors = Optional.empty();
        for (Map.Entry<String, Any> e : r.getTypedPerFilterConfigMap().entrySet()) {
            switch (e.getKey()) {
                case "envoy.filters.http.fault" -> fault = FaultAndCorsReader.fault(e.getValue(), unknown);
                case "envoy.filters.http.cors" -> cors = FaultAndCorsReader.cors(e.getValue(), unknown);
                default -> unknown.add("typed_per_filter_config " + e.getKey());
            }
        }
        RouteAction action = new ActionReader(where, findings).read(r, unknown);
        if (!unknown.isEmpty()) {
            findings.add(
                    where,
                    "route " + r.getName() + ": " + String.join(", ", unknown)
                            + " is not understood: the route answers 500; remove that field");
            action = NOT_UNDERSTOOD;
        }
        return new RouteRule(
                r.getName(),
                match,
                action,
                HeaderReader.mutations(r.getRequestHeadersToRemoveList(), r.getRequestHeadersToAddList()),
                HeaderReader.mutations(r.getResponseHeadersToRemoveList(), r.getResponseHeadersToAddList()),
                fault,
                cors,
                r.getDecorator().getOperation(),
                config(r),
                source(r));
    }

    private static RouteMatch match(io.envoyproxy.envoy.config.route.v3.RouteMatch m, List<String> unknown) {
        boolean ignoreCase = m.hasCaseSensitive() && !m.getCaseSensitive().getValue();
        PathMatch path = switch (m.getPathSpecifierCase()) {
            case PREFIX -> new PathMatch.Prefix(m.getPrefix(), ignoreCase);
            case PATH -> new PathMatch.Exact(m.getPath(), ignoreCase);
            case PATH_SEPARATED_PREFIX -> new PathMatch.SegmentPrefix(m.getPathSeparatedPrefix(), ignoreCase);
            case SAFE_REGEX -> new PathMatch.Regex(m.getSafeRegex().getRegex());
            default -> {
                unknown.add("match." + m.getPathSpecifierCase());
                yield PathMatch.ANY;
            }
        };
        List<HeaderMatch> headers = new ArrayList<>();
        for (var h : m.getHeadersList()) {
            HeaderReader.match(h).ifPresentOrElse(headers::add, () -> unknown.add("match.headers " + h.getName()));
        }
        List<RouteMatch.QueryMatch> query = new ArrayList<>();
        for (QueryParameterMatcher q : m.getQueryParametersList()) {
            query(q).ifPresentOrElse(query::add, () -> unknown.add("match.query_parameters " + q.getName()));
        }
        if (m.hasGrpc()
                || m.hasTlsContext()
                || m.hasRuntimeFraction()
                || m.getDynamicMetadataCount() > 0
                || m.getFilterStateCount() > 0) {
            unknown.add("match (grpc, tls_context, runtime_fraction, dynamic_metadata or filter_state)");
        }
        return new RouteMatch(path, headers, query);
    }

    private static Optional<RouteMatch.QueryMatch> query(QueryParameterMatcher q) {
        Optional<ValueMatch> value = switch (q.getQueryParameterMatchSpecifierCase()) {
            case STRING_MATCH -> Values.value(q.getStringMatch());
            case PRESENT_MATCH -> q.getPresentMatch() ? Optional.of(ValueMatch.PRESENT) : Optional.empty();
            case QUERYPARAMETERMATCHSPECIFIER_NOT_SET -> Optional.of(ValueMatch.PRESENT);
        };
        return value.map(v -> new RouteMatch.QueryMatch(q.getName(), v));
    }

    /** istiod names the VirtualService (its own, when it made it of a Gateway API route). */
    private static String config(Route r) {
        return r.getMetadata()
                .getFilterMetadataOrDefault("istio", com.google.protobuf.Struct.getDefaultInstance())
                .getFieldsOrDefault("config", com.google.protobuf.Value.getDefaultInstance())
                .getStringValue();
    }

    private static SourceRef source(Route r) {
        String[] p = config(r).split("/", -1);
        if (p.length < 8) {
            return SourceRef.DEFAULT;
        }
        return p[7].indexOf('~') < 0
                ? new SourceRef("VirtualService", p[5], p[7], "")
                : new SourceRef("Route", p[5], r.getName(), "");
    }
}
