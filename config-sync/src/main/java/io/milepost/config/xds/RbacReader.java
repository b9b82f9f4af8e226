package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Policy;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig;
import io.envoyproxy.envoy.type.matcher.v3.FilterStateMatcher;
import io.envoyproxy.envoy.type.matcher.v3.MetadataMatcher;
import io.envoyproxy.envoy.type.matcher.v3.PathMatcher;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Envoy's permissions and principals to conditions. Nothing is left out: what is unknown is NotUnderstood. */
final class RbacReader {
    private static final String PEER = "io.istio.peer_principal";
    private static final Condition NEVER = new Condition.Not(Condition.ANY);

    private final String where;
    private final Findings findings;

    RbacReader(String where, Findings findings) {
        this.where = where;
        this.findings = findings;
    }

    /** One of the permissions and one of the principals must hold. */
    Condition policy(String id, Policy p) {
        SourceRef source = source(id);
        if (p.hasCondition() || p.hasCheckedCondition()) {
            return unknown("policy " + id + " has a CEL condition", source);
        }
        Condition permissions = any(p.getPermissionsList(), x -> permission(x, source));
        Condition principals = any(p.getPrincipalsList(), x -> principal(x, source));
        return Condition.allOf(List.of(permissions, principals));
    }

    /** {@code ns[default]-policy[p]-rule[0]} tells who wrote it. */
    static SourceRef source(String id) {
        int ns = id.indexOf("ns[");
        int policy = id.indexOf("]-policy[", ns);
        int rule = id.indexOf("]-rule[", policy);
        if (ns < 0 || policy < 0 || rule < 0) {
            return new SourceRef("AuthorizationPolicy", "", id, "");
        }
        int end = id.indexOf(']', rule + 7);
        return new SourceRef(
                "AuthorizationPolicy",
                id.substring(ns + 3, policy),
                id.substring(policy + 9, rule),
                end < 0 ? "" : "spec.rules[" + id.substring(rule + 7, end) + "]");
    }

    @SuppressWarnings("deprecation") // istiod still sends plain metadata matchers
    private Condition permission(Permission p, SourceRef source) {
        return switch (p.getRuleCase()) {
            case ANY -> p.getAny() ? Condition.ANY : NEVER;
            case AND_RULES -> Condition.allOf(map(p.getAndRules().getRulesList(), x -> permission(x, source)));
            case OR_RULES -> any(p.getOrRules().getRulesList(), x -> permission(x, source));
            case NOT_RULE -> new Condition.Not(permission(p.getNotRule(), source));
            case HEADER -> or(HeaderReader.match(p.getHeader()).map(Condition.Header::new), "header matcher", source);
            case URL_PATH -> path(p.getUrlPath(), source);
            case URI_TEMPLATE -> template(p.getUriTemplate().getTypedConfig(), source);
            case DESTINATION_IP ->
                or(Values.cidr(p.getDestinationIp()).map(Condition.DestinationIp::new), "destination_ip", source);
            case DESTINATION_PORT -> new Condition.DestinationPort(p.getDestinationPort(), p.getDestinationPort());
            case DESTINATION_PORT_RANGE ->
                new Condition.DestinationPort(
                        p.getDestinationPortRange().getStart(),
                        p.getDestinationPortRange().getEnd() - 1);
            case REQUESTED_SERVER_NAME ->
                or(
                        Values.value(p.getRequestedServerName()).map(Condition.RequestedServerName::new),
                        "requested_server_name",
                        source);
            case METADATA -> metadata(p.getMetadata(), source);
            default -> unknown("permission " + p.getRuleCase(), source);
        };
    }

    @SuppressWarnings("deprecation") // istiod still sends plain metadata matchers
    private Condition principal(Principal p, SourceRef source) {
        return switch (p.getIdentifierCase()) {
            case ANY -> p.getAny() ? Condition.ANY : NEVER;
            case AND_IDS -> Condition.allOf(map(p.getAndIds().getIdsList(), x -> principal(x, source)));
            case OR_IDS -> any(p.getOrIds().getIdsList(), x -> principal(x, source));
            case NOT_ID -> new Condition.Not(principal(p.getNotId(), source));
            case DIRECT_REMOTE_IP -> sourceIp(Values.cidr(p.getDirectRemoteIp()), source);
            case REMOTE_IP -> or(Values.cidr(p.getRemoteIp()).map(Condition.RemoteIp::new), "remote_ip", source);
            case HEADER -> or(HeaderReader.match(p.getHeader()).map(Condition.Header::new), "header matcher", source);
            case URL_PATH -> path(p.getUrlPath(), source);
            case METADATA -> metadata(p.getMetadata(), source);
            case FILTER_STATE -> peer(p.getFilterState(), source);
            default -> unknown("principal " + p.getIdentifierCase(), source);
        };
    }

    private Condition sourceIp(Optional<Cidr> range, SourceRef source) {
        return or(range.map(Condition.SourceIp::new), "direct_remote_ip", source);
    }

    private Condition peer(FilterStateMatcher m, SourceRef source) {
        if (!m.getKey().equals(PEER) || !m.hasStringMatch()) {
            return unknown("filter state " + m.getKey(), source);
        }
        return or(Values.value(m.getStringMatch()).map(Condition.PeerPrincipal::new), "filter_state", source);
    }

    private Condition path(PathMatcher m, SourceRef source) {
        return or(
                m.hasPath() ? Values.value(m.getPath()).map(Condition.Path::new) : Optional.empty(),
                "url_path",
                source);
    }

    private Condition template(Any config, SourceRef source) {
        return or(
                XdsTypes.unpack(config, UriTemplateMatchConfig.class)
                        .map(c -> new Condition.PathTemplate(istioTemplate(c.getPathTemplate()))),
                "uri_template",
                source);
    }

    /** Envoy writes {@code *} and {@code **} where Istio writes them in braces. */
    private static String istioTemplate(String envoy) {
        String[] segments = envoy.split("/", -1);
        for (int i = 0; i < segments.length; i++) {
            if (segments[i].equals("*") || segments[i].equals("**")) {
                segments[i] = "{" + segments[i] + "}";
            }
        }
        return String.join("/", segments);
    }

    private Condition metadata(MetadataMatcher m, SourceRef source) {
        return or(
                ClaimReader.claim(m).map(c -> m.getInvert() ? new Condition.Not(c) : c),
                "metadata of " + m.getFilter(),
                source);
    }

    private Condition or(Optional<? extends Condition> known, String field, SourceRef source) {
        return known.isPresent() ? known.get() : unknown(field, source);
    }

    private Condition unknown(String what, SourceRef source) {
        findings.add(
                where, what + " of " + source + " is not understood: it fails closed; rewrite that rule of the policy");
        return new Condition.NotUnderstood(what, source);
    }

    private static <T> List<Condition> map(List<T> list, Function<T, Condition> f) {
        List<Condition> out = new ArrayList<>(list.size());
        for (T t : list) {
            out.add(f.apply(t));
        }
        return out;
    }

    private static <T> Condition any(List<T> list, Function<T, Condition> f) {
        return Condition.anyOf(map(list, f));
    }
}
