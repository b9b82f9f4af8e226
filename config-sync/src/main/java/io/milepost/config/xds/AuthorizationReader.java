package io.milepost.config.xds;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What istiod sends to ztunnels of AuthorizationPolicies (istio.security.Authorization) from JSON. Groups are
 * alternatives; the rules of a group must all hold; of a rule's matches one is enough.
 */
final class AuthorizationReader {
    private final Findings findings;

    AuthorizationReader(Findings findings) {
        this.findings = findings;
    }

    L4Policy read(JsonNode a) {
        String namespace = a.path("namespace").asText();
        String name = a.path("name").asText();
        SourceRef source = new SourceRef("AuthorizationPolicy", namespace, name, "");
        List<Condition> groups = new ArrayList<>();
        for (JsonNode g : a.path("groups")) {
            List<Condition> rules = new ArrayList<>();
            for (JsonNode r : g.path("rules")) {
                List<Condition> matches = new ArrayList<>();
                r.path("matches").forEach(m -> matches.add(match(m, source)));
                rules.add(Condition.anyOf(matches));
            }
            groups.add(Condition.allOf(rules));
        }
        String scope = a.path("scope").asText("GLOBAL");
        Condition condition = Condition.anyOf(groups);
        String action = a.path("action").asText("ALLOW");
        if (!action.equals("ALLOW") && !action.equals("DENY")) {
            condition = unknown("action " + action, source);
        }
        return new L4Policy(
                namespace + "/" + name,
                scope.equals("GLOBAL") ? "" : namespace,
                scope.equals("WORKLOAD_SELECTOR"),
                action.equals("ALLOW") ? L4Policy.Action.ALLOW : L4Policy.Action.DENY,
                a.path("dry_run").asBoolean(false),
                condition,
                source);
    }

    private Condition match(JsonNode m, SourceRef source) {
        List<Condition> all = new ArrayList<>();
        for (Map.Entry<String, JsonNode> e : m.properties()) {
            String field = e.getKey();
            boolean not = field.startsWith("not_");
            Condition c = switch (not ? field.substring(4) : field) {
                case "principals" -> any(e.getValue(), x -> principal(x, source));
                case "namespaces" -> any(e.getValue(), x -> part(x, "spiffe://[^/]+/ns/", "/sa/.*", source));
                case "service_accounts" -> any(e.getValue(), AuthorizationReader::serviceAccount);
                case "source_ips" -> any(e.getValue(), x -> range(x, source, Condition.SourceIp::new));
                case "destination_ips" -> any(e.getValue(), x -> range(x, source, Condition.DestinationIp::new));
                case "destination_ports" -> any(e.getValue(), x -> new Condition.DestinationPort(x.asInt(), x.asInt()));
                default -> unknown("field " + field, source);
            };
            all.add(not ? new Condition.Not(c) : c);
        }
        return Condition.allOf(all);
    }

    private Condition principal(JsonNode s, SourceRef source) {
        if (s.has("exact")) {
            return new Condition.PeerPrincipal(
                    ValueMatch.exact("spiffe://" + s.path("exact").asText()));
        }
        if (s.has("prefix")) {
            return new Condition.PeerPrincipal(
                    ValueMatch.prefix("spiffe://" + s.path("prefix").asText()));
        }
        if (s.has("suffix")) {
            return new Condition.PeerPrincipal(
                    ValueMatch.suffix(s.path("suffix").asText()));
        }
        return s.has("presence")
                ? new Condition.PeerPrincipal(ValueMatch.NOT_EMPTY)
                : unknown("principals " + s, source);
    }

    /** A part of the identity, as a pattern over the whole. */
    private Condition part(JsonNode s, String before, String after, SourceRef source) {
        String inner;
        if (s.has("exact")) {
            inner = Pattern.quote(s.path("exact").asText());
        } else if (s.has("prefix")) {
            inner = Pattern.quote(s.path("prefix").asText()) + "[^/]*";
        } else if (s.has("suffix")) {
            inner = "[^/]*" + Pattern.quote(s.path("suffix").asText());
        } else if (s.has("presence")) {
            inner = "[^/]+";
        } else {
            return unknown("namespaces " + s, source);
        }
        return new Condition.PeerPrincipal(new ValueMatch.Regex(before + inner + after));
    }

    private static Condition serviceAccount(JsonNode s) {
        return new Condition.PeerPrincipal(
                ValueMatch.suffix("/ns/" + s.path("namespace").asText() + "/sa/"
                        + s.path("service_account").asText()));
    }

    private Condition range(JsonNode a, SourceRef source, Function<Cidr, Condition> f) {
        try {
            IpAddress ip =
                    IpAddress.of(Base64.getDecoder().decode(a.path("address").asText()));
            int length = a.path("length").asInt(0);
            if (length >= 0 && length <= ip.bits()) {
                return f.apply(Cidr.of(ip, length));
            }
        } catch (IllegalArgumentException e) {
            return unknown("the address range " + a + " (" + e.getMessage() + ")", source);
        }
        return unknown("the address range " + a, source);
    }

    private static Condition any(JsonNode values, Function<JsonNode, Condition> f) {
        List<Condition> out = new ArrayList<>();
        values.forEach(v -> out.add(f.apply(v)));
        return Condition.anyOf(out);
    }

    private Condition unknown(String what, SourceRef source) {
        findings.add(source.toString(), what + " is not understood: it fails closed; rewrite the policy without it");
        return new Condition.NotUnderstood(what, source);
    }
}
