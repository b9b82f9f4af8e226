package io.milepost.config.xds;

import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatchAndSubstitute;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a route does. */
final class ActionReader {
    private final String where;
    private final Findings findings;

    ActionReader(String where, Findings findings) {
        this.where = where;
        this.findings = findings;
    }

    /** Adds what it does not understand to the list; what it returns is not used then. */
    RouteAction read(Route r, List<String> unknown) {
        return switch (r.getActionCase()) {
            case ROUTE -> forward(r.getRoute(), unknown);
            case REDIRECT -> redirect(r.getRedirect());
            case DIRECT_RESPONSE -> reply(r.getDirectResponse(), unknown);
            default -> {
                unknown.add("action " + r.getActionCase());
                yield new RouteAction.DirectReply(500, "");
            }
        };
    }

    private RouteAction forward(io.envoyproxy.envoy.config.route.v3.RouteAction a, List<String> unknown) {
        List<RouteAction.Backend> backends = new ArrayList<>();
        switch (a.getClusterSpecifierCase()) {
            case CLUSTER -> backends.add(new RouteAction.Backend(a.getCluster(), 1));
            case WEIGHTED_CLUSTERS ->
                a.getWeightedClusters().getClustersList().forEach(c -> backends.add(backend(c, unknown)));
            default -> {
                // reported below
            }
        }
        if (backends.isEmpty()) {
            unknown.add("route." + a.getClusterSpecifierCase());
            return new RouteAction.DirectReply(500, "");
        }
        int missing = switch (a.getClusterNotFoundResponseCode()) {
            case NOT_FOUND -> 404;
            case INTERNAL_SERVER_ERROR -> 500;
            default -> 503;
        };
        return new RouteAction.Forward(
                backends,
                a.hasWeightedClusters(),
                missing,
                rewrite(a, unknown),
                timeouts(a),
                a.hasRetryPolicy() ? retry(a.getRetryPolicy()) : RetryPolicy.NONE,
                a.getRequestMirrorPoliciesList().stream()
                        .map(m -> new RouteAction.Mirror(
                                m.getCluster(),
                                m.hasRuntimeFraction()
                                        ? Values.perMillion(
                                                m.getRuntimeFraction().getDefaultValue())
                                        : 1_000_000))
                        .toList(),
                hash(a));
    }

    private static RouteAction.Backend backend(WeightedCluster.ClusterWeight c, List<String> unknown) {
        if (c.getTypedPerFilterConfigCount() > 0) {
            unknown.add("weighted_clusters.typed_per_filter_config");
        }
        return new RouteAction.Backend(
                c.getName(),
                c.getWeight().getValue(),
                HeaderReader.mutations(c.getRequestHeadersToRemoveList(), c.getRequestHeadersToAddList()),
                HeaderReader.mutations(c.getResponseHeadersToRemoveList(), c.getResponseHeadersToAddList()),
                present(c.getHostRewriteLiteral()));
    }

    private static Optional<RouteAction.Rewrite> rewrite(
            io.envoyproxy.envoy.config.route.v3.RouteAction a, List<String> unknown) {
        if (a.hasPathRewritePolicy()
                || a.hasAutoHostRewrite()
                || a.hasHostRewritePathRegex()
                || !a.getHostRewriteHeader().isEmpty()) {
            unknown.add("route (path_rewrite_policy, auto_host_rewrite, host_rewrite_header or _path_regex)");
        }
        Optional<String> prefix = present(a.getPrefixRewrite());
        Optional<RouteAction.RegexRewrite> regex =
                a.hasRegexRewrite() ? Optional.of(regex(a.getRegexRewrite())) : Optional.empty();
        Optional<String> host = present(a.getHostRewriteLiteral());
        return prefix.isEmpty() && regex.isEmpty() && host.isEmpty()
                ? Optional.empty()
                : Optional.of(new RouteAction.Rewrite(prefix, regex, host));
    }

    /** Envoy's own default of 15 s holds when nothing is said; istiod always says something. */
    @SuppressWarnings("deprecation") // istiod still caps grpc-timeout with the deprecated field
    private static RouteAction.Timeouts timeouts(io.envoyproxy.envoy.config.route.v3.RouteAction a) {
        return new RouteAction.Timeouts(
                a.hasTimeout() ? Values.millis(a.getTimeout()) : 15_000,
                a.hasMaxGrpcTimeout() ? Values.millis(a.getMaxGrpcTimeout()) : -1);
    }

    private RetryPolicy retry(io.envoyproxy.envoy.config.route.v3.RetryPolicy p) {
        Set<String> on = new LinkedHashSet<>();
        for (String s : p.getRetryOn().split(",", -1)) {
            if (!s.isBlank()) {
                on.add(s.strip());
            }
        }
        if (p.getRetriableHeadersCount() > 0
                || p.getRetriableRequestHeadersCount() > 0
                || p.hasRateLimitedRetryBackOff()) {
            findings.add(where, "retries by header have no effect");
        }
        long base = p.getRetryBackOff().hasBaseInterval()
                ? Values.millis(p.getRetryBackOff().getBaseInterval())
                : 25;
        long max = p.getRetryBackOff().hasMaxInterval()
                ? Values.millis(p.getRetryBackOff().getMaxInterval())
                : 10 * base;
        return new RetryPolicy(
                p.hasNumRetries() ? p.getNumRetries().getValue() : 1,
                on,
                p.getRetriableStatusCodesList(),
                Values.millis(p.getPerTryTimeout()),
                base,
                max,
                p.getRetryHostPredicateList().stream()
                        .anyMatch(h -> h.getName().equals("envoy.retry_host_predicates.previous_hosts")),
                p.hasRetryPriority());
    }

    private List<RouteAction.HashPolicy> hash(io.envoyproxy.envoy.config.route.v3.RouteAction a) {
        List<RouteAction.HashPolicy> out = new ArrayList<>();
        for (var h : a.getHashPolicyList()) {
            switch (h.getPolicySpecifierCase()) {
                case HEADER ->
                    out.add(new RouteAction.HashPolicy.Header(
                            Values.headerName(h.getHeader().getHeaderName())));
                case COOKIE ->
                    out.add(new RouteAction.HashPolicy.Cookie(
                            h.getCookie().getName(),
                            h.getCookie().hasTtl()
                                    ? Optional.of(h.getCookie().getTtl().getSeconds())
                                    : Optional.empty(),
                            h.getCookie().getPath(),
                            h.getCookie().getAttributesList().stream()
                                    .map(x -> x.getValue().isEmpty() ? x.getName() : x.getName() + "=" + x.getValue())
                                    .toList()));
                case CONNECTION_PROPERTIES -> out.add(new RouteAction.HashPolicy.SourceIp());
                case QUERY_PARAMETER ->
                    out.add(new RouteAction.HashPolicy.QueryParameter(
                            h.getQueryParameter().getName()));
                default -> findings.add(where, "hash_policy " + h.getPolicySpecifierCase() + " has no effect");
            }
        }
        return out;
    }

    private static RouteAction redirect(RedirectAction a) {
        int status = switch (a.getResponseCode()) {
            case FOUND -> 302;
            case SEE_OTHER -> 303;
            case TEMPORARY_REDIRECT -> 307;
            case PERMANENT_REDIRECT -> 308;
            default -> 301;
        };
        return new RouteAction.Redirect(
                status,
                a.getHttpsRedirect() ? Optional.of("https") : present(a.getSchemeRedirect()),
                present(a.getHostRedirect()),
                a.getPortRedirect(),
                present(a.getPathRedirect()),
                a.hasPrefixRewrite() ? Optional.of(a.getPrefixRewrite()) : Optional.empty(),
                a.hasRegexRewrite() ? Optional.of(regex(a.getRegexRewrite())) : Optional.empty(),
                a.getStripQuery());
    }

    private static RouteAction reply(DirectResponseAction a, List<String> unknown) {
        DataSource body = a.getBody();
        if (body.hasFilename() || body.hasEnvironmentVariable()) {
            unknown.add("direct_response.body from a file or variable");
        }
        return new RouteAction.DirectReply(
                a.getStatus(), body.hasInlineBytes() ? body.getInlineBytes().toStringUtf8() : body.getInlineString());
    }

    private static RouteAction.RegexRewrite regex(RegexMatchAndSubstitute r) {
        return new RouteAction.RegexRewrite(r.getPattern().getRegex(), r.getSubstitution());
    }

    private static Optional<String> present(String s) {
        return s.isEmpty() ? Optional.empty() : Optional.of(s);
    }
}
