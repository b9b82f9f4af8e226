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
import org.jspecify.annotations.Nullable;

/** Joins the rules of one route with their matches, for one service port. What they have in common is made once. */
final class RouteAssembly {
    /**
     * What all routes are joined with.
     *
     * @param retry of the mesh, for rules that say nothing of retries
     */
    record Context(BackendResolver backends, DestinationRules rules, RetryPolicy retry) {}

    /** A destination that was looked up. */
    private record Resolved(BackendRef ref, String cluster, List<HashPolicy> hash) {}

    private final Context context;
    private final BackendResolver backends;
    private final GatewayRoute route;
    private final String host;
    private final Port port;
    private final String config;
    /** What was looked up last: most rules of a route go where the one before goes. */
    private @Nullable Resolved resolved;

    /** The operation of all rules with a prefix, of the host and port that were named last. */
    private String operation = "";

    private String operationHost = "";
    private int operationPort;

    /** @param host of the virtual host, for the operation's name: namespace, port of the parent, service */
    RouteAssembly(Context context, GatewayRoute route, String host, Port port) {
        this.context = context;
        this.backends = context.backends();
        this.route = route;
        this.host = host;
        this.port = port;
        this.config = RouteRule.config(host.substring(0, host.indexOf('~')), host);
    }

    RouteRule assemble(GatewayRule rule, RankedMatch ranked) {
        PathMatch path = ranked.match().path();
        HttpFilters filters = rule.filters();
        HeaderOps request = filters.request();
        HeaderOps response = filters.response();
        BackendRef named = null;
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
            named = only.host().isEmpty() ? null : only;
            action = single(rule, only, path, request.host());
        } else {
            action = weighted(rule, path);
        }
        return new RouteRule(
                rule.name(),
                ranked.match(),
                action,
                request.mutations(),
                response.mutations(),
                Optional.empty(),
                filters.redirect().isPresent() ? Optional.empty() : filters.cors(),
                named == null ? operation(host, port.number(), path) : operation(named.host(), named.port(), path),
                config,
                rule.source());
    }

    private String operation(String of, int number, PathMatch path) {
        if (!(path instanceof PathMatch.SegmentPrefix)) {
            return Targets.operation(of, number, path);
        }
        if (operationPort != number || !operationHost.equals(of)) {
            operationHost = of;
            operationPort = number;
            operation = Targets.operation(of, number, path);
        }
        return operation;
    }

    private Resolved resolve(BackendRef b) {
        Resolved r = resolved;
        if (r == null || !r.ref().isSameTarget(b)) {
            // The backend's DestinationRule says what its requests are hashed by, as for a VirtualService.
            List<HashPolicy> hash =
                    b.host().isEmpty() ? List.of() : context.rules().hash(b.host(), "", b.port());
            r = new Resolved(b, backends.cluster(b, route.object(), true), hash);
            resolved = r;
        }
        return r;
    }

    private RouteAction single(GatewayRule rule, BackendRef b, PathMatch path, Optional<String> authority) {
        Optional<RouteAction> answer = answer(b);
        if (answer.isPresent()) {
            return answer.get();
        }
        Optional<Rewrite> rewrite = b.filters().urlRewrite().isPresent()
                ? b.filters().rewrite(path, authority)
                : rule.filters().rewrite(path, authority);
        List<Mirror> mirrors = new ArrayList<>(backends.mirrors(rule.filters(), route.object()));
        mirrors.addAll(backends.mirrors(b.filters(), route.object()));
        Resolved r = resolve(b);
        return forward(rule, List.of(new Backend(r.cluster(), 1)), false, rewrite, mirrors, r.hash());
    }

    private RouteAction weighted(GatewayRule rule, PathMatch path) {
        List<Backend> out = new ArrayList<>();
        List<HashPolicy> hash = new ArrayList<>();
        for (BackendRef b : rule.backends()) {
            HttpFilters own = b.filters();
            Resolved r = resolve(b);
            hash.addAll(r.hash());
            out.add(new Backend(
                    r.cluster(),
                    b.weight(),
                    own.request().mutations(),
                    own.response().mutations(),
                    own.request().host(),
                    ownAction(b, path)));
        }
        return forward(
                rule,
                out,
                true,
                rule.filters().rewrite(path, rule.filters().request().host()),
                backends.mirrors(rule.filters(), route.object()),
                hash);
    }

    private RouteAction forward(
            GatewayRule rule,
            List<Backend> backends,
            boolean weighted,
            Optional<Rewrite> rewrite,
            List<Mirror> mirrors,
            List<HashPolicy> hash) {
        RetryPolicy retry = rule.retry().equals(RetryPolicy.ISTIO_DEFAULT) ? context.retry() : rule.retry();
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
    private Optional<RouteAction> answer(BackendRef b) {
        if (b.filters().problem().isPresent()) {
            return Optional.of(new RouteAction.DirectReply(500, ""));
        }
        return b.filters().redirect().map(r -> r.toAction(port.number()));
    }

    private Optional<BackendAction> ownAction(BackendRef b, PathMatch path) {
        Optional<RouteAction> answer = answer(b);
        Optional<Rewrite> rewrite =
                b.filters().urlRewrite().flatMap(u -> b.filters().rewrite(path, Optional.empty()));
        List<Mirror> mirrors = backends.mirrors(b.filters(), route.object());
        return answer.isEmpty() && rewrite.isEmpty() && mirrors.isEmpty()
                ? Optional.empty()
                : Optional.of(new BackendAction(answer, rewrite, mirrors));
    }
}
