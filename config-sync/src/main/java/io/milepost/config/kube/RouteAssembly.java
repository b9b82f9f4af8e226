package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Backend;
import io.milepost.mesh.RouteAction.BackendAction;
import io.milepost.mesh.RouteAction.HashPolicy;
import io.milepost.mesh.RouteAction.Mirror;
import io.milepost.mesh.RouteAction.Rewrite;
import io.milepost.mesh.RouteRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Joins a rule with one of its matches for one service port. */
final class RouteAssembly {
    private final BackendResolver backends;
    private final DestinationRules rules;
    private final RetryPolicy defaultRetry;

    /** @param defaultRetry of the mesh, for rules that say nothing of retries */
    RouteAssembly(BackendResolver backends, DestinationRules rules, RetryPolicy defaultRetry) {
        this.backends = backends;
        this.rules = rules;
        this.defaultRetry = defaultRetry;
    }

    /** Whether no rule of a route is served. */
    boolean refuses(GatewayRoute route) {
        return backends.refusal(route).isPresent();
    }

    /** @param host of the virtual host, for the operation's name: namespace, port of the parent, service */
    RouteRule assemble(GatewayRoute route, GatewayRule rule, RankedMatch ranked, String host, Port port) {
        PathMatch path = ranked.match().path();
        HttpFilters filters = rule.filters();
        HeaderOps request = filters.request();
        HeaderOps response = filters.response();
        String operation = Targets.operation(host, port.number(), path);
        RouteAction action;
        if (rule.broken().isPresent()) {
            action = new RouteAction.DirectReply(500, "");
        } else if (filters.redirect().isPresent()) {
            action = filters.redirect().get().toAction(port.number());
        } else if (rule.backends().isEmpty()) {
            action = new RouteAction.DirectReply(500, "");
        } else if (rule.backends().size() == 1) {
            BackendRef only = rule.backends().getFirst();
            request = request.then(only.filters().request());
            response = response.then(only.filters().response());
            if (!only.host().isEmpty()) {
                operation = Targets.operation(only.host(), only.port(), path);
            }
            action = single(route, rule, only, path, request.host(), port);
        } else {
            action = weighted(route, rule, path, port);
        }
        return new RouteRule(
                rule.name(),
                ranked.match(),
                action,
                request.mutations(),
                response.mutations(),
                Optional.empty(),
                filters.redirect().isPresent() ? Optional.empty() : filters.cors(),
                operation,
                RouteRule.config(host.substring(0, host.indexOf('~')), host),
                rule.source());
    }

    private RouteAction single(
            GatewayRoute route, GatewayRule rule, BackendRef b, PathMatch path, Optional<String> host, Port port) {
        Optional<RouteAction> answer = answer(b, port);
        if (answer.isPresent()) {
            return answer.get();
        }
        Optional<Rewrite> rewrite = b.filters().urlRewrite().isPresent()
                ? b.filters().rewrite(path, host)
                : rule.filters().rewrite(path, host);
        List<Mirror> mirrors = new ArrayList<>(backends.mirrors(rule.filters(), route.object()));
        mirrors.addAll(backends.mirrors(b.filters(), route.object()));
        Backend only = new Backend(backends.cluster(b, route.object(), true), 1);
        return forward(rule, List.of(only), false, rewrite, mirrors, hash(b));
    }

    private RouteAction weighted(GatewayRoute route, GatewayRule rule, PathMatch path, Port port) {
        List<Backend> out = new ArrayList<>();
        List<HashPolicy> hash = new ArrayList<>();
        for (BackendRef b : rule.backends()) {
            HttpFilters own = b.filters();
            hash.addAll(hash(b));
            out.add(new Backend(
                    backends.cluster(b, route.object(), true),
                    b.weight(),
                    own.request().mutations(),
                    own.response().mutations(),
                    own.request().host(),
                    ownAction(route, b, path, port)));
        }
        return forward(
                rule,
                out,
                true,
                rule.filters().rewrite(path, rule.filters().request().host()),
                backends.mirrors(rule.filters(), route.object()),
                hash);
    }

    /** The backend's DestinationRule says what its requests are hashed by, as for a VirtualService. */
    private List<HashPolicy> hash(BackendRef b) {
        return b.host().isEmpty() ? List.of() : rules.hash(b.host(), "", b.port());
    }

    private RouteAction forward(
            GatewayRule rule,
            List<Backend> backends,
            boolean weighted,
            Optional<Rewrite> rewrite,
            List<Mirror> mirrors,
            List<HashPolicy> hash) {
        RetryPolicy retry = rule.retry().equals(RetryPolicy.ISTIO_DEFAULT) ? defaultRetry : rule.retry();
        return new RouteAction.Forward(
                backends,
                weighted,
                500,
                rewrite,
                rule.timeouts(),
                // A hashed request belongs to one endpoint: a retry does not go elsewhere.
                weighted || hash.isEmpty() ? retry : Retries.anyHost(retry),
                mirrors,
                hash,
                rule.session());
    }

    /** What a backend does instead of being asked. */
    private static Optional<RouteAction> answer(BackendRef b, Port port) {
        if (b.filters().problem().isPresent()) {
            return Optional.of(new RouteAction.DirectReply(500, ""));
        }
        return b.filters().redirect().map(r -> r.toAction(port.number()));
    }

    private Optional<BackendAction> ownAction(GatewayRoute route, BackendRef b, PathMatch path, Port port) {
        Optional<RouteAction> answer = answer(b, port);
        Optional<Rewrite> rewrite =
                b.filters().urlRewrite().flatMap(u -> b.filters().rewrite(path, Optional.empty()));
        List<Mirror> mirrors = backends.mirrors(b.filters(), route.object());
        return answer.isEmpty() && rewrite.isEmpty() && mirrors.isEmpty()
                ? Optional.empty()
                : Optional.of(new BackendAction(answer, rewrite, mirrors));
    }
}
