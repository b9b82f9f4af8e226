package io.milepost.config.kube.authz;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.mesh.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * One rule to a condition: one of {@code to} and one of {@code from} and all of {@code when}.
 *
 * <p>Where HTTP is not seen, HTTP's fields cannot be compared: an ALLOW rule with one is dropped as a whole, a DENY rule
 * loses only that field, so that either errs on the side of denying.
 */
final class RuleReader {
    /** What the enforcer sees. */
    enum Mode {
        HTTP,
        TCP,
        /** ztunnel: no x-forwarded-for and no SNI either. */
        L4
    }

    /** The lowest layer that can compare an attribute. */
    private enum Needs {
        CONNECTION,
        PROXY,
        HTTP
    }

    private static final Condition NEVER = new Condition.Not(Condition.ANY);
    private static final String HEADERS = "request.headers[";
    private static final String CLAIMS = "request.auth.claims[";

    private final Mode mode;
    private final boolean allow;
    private final String namespace;
    private final TrustDomains trust;
    private boolean dropped;

    RuleReader(Mode mode, boolean allow, String namespace, TrustDomains trust) {
        this.mode = mode;
        this.allow = allow;
        this.namespace = namespace;
        this.trust = trust;
    }

    static Condition never() {
        return NEVER;
    }

    /** Empty when the rule has no meaning on this layer. */
    Optional<Condition> read(JsonNode rule, String field) {
        Shape.object(rule, field, Set.of("from", "to", "when"));
        dropped = false;
        List<Condition> operationWhen = new ArrayList<>();
        List<Condition> sourceWhen = new ArrayList<>();
        int i = 0;
        for (JsonNode w : Shape.list(rule, field, "when")) {
            when(w, field + ".when[" + i++ + "]", operationWhen, sourceWhen);
        }
        List<Condition> operations = new ArrayList<>();
        i = 0;
        for (JsonNode t : Shape.list(rule, field, "to")) {
            List<Condition> all = operation(t, field + ".to[" + i++ + "]");
            all.addAll(operationWhen);
            operations.add(Condition.allOf(all));
        }
        List<Condition> sources = new ArrayList<>();
        i = 0;
        for (JsonNode f : Shape.list(rule, field, "from")) {
            List<Condition> all = source(f, field + ".from[" + i++ + "]");
            all.addAll(sourceWhen);
            sources.add(Condition.allOf(all));
        }
        if (dropped) {
            return Optional.empty();
        }
        Condition to = operations.isEmpty() ? Condition.allOf(operationWhen) : Condition.anyOf(operations);
        Condition from = sources.isEmpty() ? Condition.allOf(sourceWhen) : Condition.anyOf(sources);
        return Optional.of(Condition.allOf(List.of(to, from)));
    }

    private List<Condition> operation(JsonNode to, String at) {
        Shape.object(to, at, Set.of("operation"));
        JsonNode o = to.path("operation");
        String f = at + ".operation";
        Shape.nonEmptyObject(
                o, f, Set.of("hosts", "notHosts", "methods", "notMethods", "paths", "notPaths", "ports", "notPorts"));
        List<Condition> all = new ArrayList<>();
        pair(all, Needs.HTTP, o, f, "hosts", "notHosts", v -> Patterns.header(":authority", v, true));
        pair(all, Needs.HTTP, o, f, "methods", "notMethods", v -> Patterns.header(":method", v, false));
        pair(all, Needs.HTTP, o, f, "paths", "notPaths", Patterns::path);
        pair(all, Needs.CONNECTION, o, f, "ports", "notPorts", v -> Patterns.port(f + ".ports", v));
        return all;
    }

    private List<Condition> source(JsonNode from, String at) {
        Shape.object(from, at, Set.of("source"));
        JsonNode s = from.path("source");
        String f = at + ".source";
        Shape.nonEmptyObject(
                s,
                f,
                Set.of(
                        "principals",
                        "notPrincipals",
                        "requestPrincipals",
                        "notRequestPrincipals",
                        "namespaces",
                        "notNamespaces",
                        "serviceAccounts",
                        "notServiceAccounts",
                        "trustDomains",
                        "notTrustDomains",
                        "ipBlocks",
                        "notIpBlocks",
                        "remoteIpBlocks",
                        "notRemoteIpBlocks"));
        List<Condition> all = new ArrayList<>();
        principals(all, s, f, "principals", "notPrincipals");
        pair(
                all,
                Needs.HTTP,
                s,
                f,
                "requestPrincipals",
                "notRequestPrincipals",
                v -> Patterns.requestPrincipal(f + ".requestPrincipals", v));
        pair(
                all,
                Needs.CONNECTION,
                s,
                f,
                "serviceAccounts",
                "notServiceAccounts",
                v -> Patterns.serviceAccount(f + ".serviceAccounts", v, namespace));
        pair(all, Needs.CONNECTION, s, f, "trustDomains", "notTrustDomains", Patterns::trustDomain);
        pair(all, Needs.CONNECTION, s, f, "namespaces", "notNamespaces", Patterns::namespace);
        pair(
                all,
                Needs.PROXY,
                s,
                f,
                "remoteIpBlocks",
                "notRemoteIpBlocks",
                v -> new Condition.RemoteIp(Patterns.range(f + ".remoteIpBlocks", v)));
        pair(
                all,
                Needs.CONNECTION,
                s,
                f,
                "ipBlocks",
                "notIpBlocks",
                v -> new Condition.SourceIp(Patterns.range(f + ".ipBlocks", v)));
        return all;
    }

    private void when(JsonNode w, String f, List<Condition> operation, List<Condition> source) {
        Shape.object(w, f, Set.of("key", "values", "notValues"));
        String key = w.path("key").asText("");
        if (Shape.strings(w, f, "values").isEmpty()
                && Shape.strings(w, f, "notValues").isEmpty()) {
            throw new PolicyException(f, "has neither values nor notValues; add one of them");
        }
        switch (key) {
            case "source.ip" ->
                values(source, Needs.CONNECTION, w, f, v -> new Condition.SourceIp(Patterns.range(f, v)));
            case "remote.ip" -> values(source, Needs.PROXY, w, f, v -> new Condition.RemoteIp(Patterns.range(f, v)));
            case "source.namespace" -> values(source, Needs.CONNECTION, w, f, Patterns::namespace);
            case "source.serviceAccount" ->
                values(source, Needs.CONNECTION, w, f, v -> Patterns.serviceAccount(f, v, namespace));
            case "source.trustDomain" -> values(source, Needs.CONNECTION, w, f, Patterns::trustDomain);
            case "source.principal" -> principals(source, w, f, "values", "notValues");
            case "request.auth.principal" -> values(source, Needs.HTTP, w, f, v -> Patterns.requestPrincipal(f, v));
            case "request.auth.audiences" -> values(source, Needs.HTTP, w, f, v -> claim(List.of("aud"), v));
            case "request.auth.presenter" -> values(source, Needs.HTTP, w, f, v -> claim(List.of("azp"), v));
            case "destination.ip" ->
                values(operation, Needs.CONNECTION, w, f, v -> new Condition.DestinationIp(Patterns.range(f, v)));
            case "destination.port" -> values(operation, Needs.CONNECTION, w, f, v -> Patterns.port(f, v));
            case "connection.sni" ->
                values(operation, Needs.PROXY, w, f, v -> new Condition.RequestedServerName(Patterns.value(v)));
            default -> keyed(key, w, f, source);
        }
    }

    private void keyed(String key, JsonNode w, String f, List<Condition> source) {
        if (key.startsWith(HEADERS) && key.endsWith("]") && key.length() > HEADERS.length() + 1) {
            String name = key.substring(HEADERS.length(), key.length() - 1);
            values(source, Needs.HTTP, w, f, v -> Patterns.header(name, v, false));
        } else if (key.startsWith(CLAIMS) && key.endsWith("]") && key.length() > CLAIMS.length() + 1) {
            List<String> path =
                    List.of(key.substring(CLAIMS.length(), key.length() - 1).split("\\]\\[", -1));
            values(source, Needs.HTTP, w, f, v -> claim(path, v));
        } else {
            throw new PolicyException(
                    f + ".key",
                    "\"" + key + "\" is not known; use source.*, remote.ip, request.headers[x], request.auth.*,"
                            + " destination.* or connection.sni");
        }
    }

    private static Condition claim(List<String> path, String v) {
        return new Condition.Claim(path, Patterns.value(v));
    }

    private void principals(List<Condition> into, JsonNode n, String f, String yes, String no) {
        List<String> in = new ArrayList<>();
        List<String> out = new ArrayList<>();
        Shape.strings(n, f, yes).forEach(v -> in.addAll(expand(v)));
        Shape.strings(n, f, no).forEach(v -> out.addAll(expand(v)));
        add(into, in, out, Patterns::principal);
    }

    /** ztunnel compares principals as they are written. */
    private List<String> expand(String principal) {
        return mode == Mode.L4 ? List.of(principal) : trust.expand(principal);
    }

    private void values(List<Condition> into, Needs needs, JsonNode n, String f, Function<String, Condition> c) {
        pair(into, needs, n, f, "values", "notValues", c);
    }

    private void pair(
            List<Condition> into,
            Needs needs,
            JsonNode n,
            String f,
            String yes,
            String no,
            Function<String, Condition> c) {
        List<String> in = Shape.strings(n, f, yes);
        List<String> out = Shape.strings(n, f, no);
        if (in.isEmpty() && out.isEmpty()) {
            return;
        }
        boolean seen = switch (mode) {
            case HTTP -> true;
            case TCP -> needs != Needs.HTTP;
            case L4 -> needs == Needs.CONNECTION;
        };
        if (seen) {
            add(into, in, out, c);
        } else if (allow) {
            dropped = true;
        }
    }

    private static void add(List<Condition> into, List<String> in, List<String> out, Function<String, Condition> c) {
        if (!in.isEmpty()) {
            into.add(Condition.anyOf(in.stream().map(c).toList()));
        }
        if (!out.isEmpty()) {
            into.add(new Condition.Not(Condition.anyOf(out.stream().map(c).toList())));
        }
    }
}
