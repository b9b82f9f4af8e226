package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.rbac.v3.Policy;
import io.envoyproxy.envoy.config.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.milepost.mesh.Condition;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The security filters of one chain, one after the other, to its policies. A filter that is not understood adds a DENY
 * that always matches.
 */
final class SecurityReader {
    private static final String EXT = "istio-ext-authz-";

    private final String where;
    private final Findings findings;
    private final RbacReader rbac;
    private final List<PolicySet.Policy> custom = new ArrayList<>();
    private final List<PolicySet.Policy> audit = new ArrayList<>();
    private final List<PolicySet.Policy> deny = new ArrayList<>();
    private final List<PolicySet.Policy> allow = new ArrayList<>();
    private final List<PolicySet.Policy> dryRunDeny = new ArrayList<>();
    private final List<PolicySet.Policy> dryRunAllow = new ArrayList<>();
    private final List<String> providers = new ArrayList<>();
    private boolean allowEnforced;

    SecurityReader(String where, Findings findings) {
        this.where = where;
        this.findings = findings;
        this.rbac = new RbacReader(where, findings);
    }

    /** An RBAC filter of an HTTP chain. */
    void http(io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC f) {
        if (f.hasMatcher() || f.hasShadowMatcher()) {
            notUnderstood("an RBAC filter with a matcher tree");
        }
        add(f.hasRules(), f.getRules(), f.hasShadowRules(), f.getShadowRules(), f.getShadowRulesStatPrefix());
    }

    /** An RBAC filter of a TCP chain. */
    void tcp(io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC f) {
        if (f.hasMatcher() || f.hasShadowMatcher()) {
            notUnderstood("an RBAC filter with a matcher tree");
        }
        add(f.hasRules(), f.getRules(), f.hasShadowRules(), f.getShadowRules(), f.getShadowRulesStatPrefix());
    }

    private void add(boolean enforced, RBAC rules, boolean shadowed, RBAC shadow, String prefix) {
        if (enforced) {
            switch (rules.getAction()) {
                case DENY -> deny.addAll(policies(rules));
                case LOG -> audit.addAll(policies(rules));
                case ALLOW -> {
                    if (allowEnforced) {
                        notUnderstood("a second ALLOW filter");
                    }
                    allowEnforced = true;
                    allow.addAll(policies(rules));
                }
                default -> notUnderstood("an RBAC filter with action " + rules.getAction());
            }
        }
        if (!shadowed) {
            return;
        }
        switch (prefix) {
            case "istio_dry_run_allow_" -> dryRunAllow.addAll(policies(shadow));
            case "istio_dry_run_deny_" -> dryRunDeny.addAll(policies(shadow));
            case "istio_ext_authz_" -> custom.addAll(policies(shadow));
            default -> notUnderstood("shadow rules with the prefix " + prefix);
        }
    }

    private List<PolicySet.Policy> policies(RBAC rules) {
        List<PolicySet.Policy> out = new ArrayList<>();
        for (Map.Entry<String, Policy> e : new TreeMap<>(rules.getPoliciesMap()).entrySet()) {
            String id = e.getKey();
            out.add(new PolicySet.Policy(id, rbac.policy(id, e.getValue()), RbacReader.source(id)));
        }
        return out;
    }

    /** Decides by the ids of the CUSTOM policies that matched before it. */
    void extAuthz(ExtAuthz f) {
        String prefix = f.getFilterEnabledMetadata().getValue().getStringMatch().getPrefix();
        if (!prefix.startsWith(EXT)) {
            notUnderstood("an ext_authz filter that no CUSTOM policy starts");
            return;
        }
        providers.add(prefix.substring(EXT.length()));
    }

    /** Another filter that may be there for security. */
    void unknown(String name, Any config) {
        notUnderstood("the filter " + name + " (" + XdsTypes.typeOf(config) + ")");
    }

    void notUnderstood(String what) {
        findings.add(where, what + " is not understood: everything is denied here; remove the object that asks for it");
        SourceRef source = new SourceRef("EnvoyFilterChain", "", where, "");
        deny.add(new PolicySet.Policy("not-understood", new Condition.NotUnderstood(what, source), source));
    }

    PolicySet build() {
        List<PolicySet.Policy> named = new ArrayList<>();
        for (PolicySet.Policy p : custom) {
            String rest = p.id().startsWith(EXT) ? p.id().substring(EXT.length()) : p.id();
            String provider = providers.stream()
                    .filter(rest::startsWith)
                    .max(Comparator.comparingInt(String::length))
                    .orElse("");
            if (provider.isEmpty()) {
                findings.add(where, "the policy " + p.id() + " has no ext_authz filter: what it matches is denied");
                deny.add(new PolicySet.Policy(p.id(), p.condition(), p.source()));
            } else {
                named.add(new PolicySet.Policy(p.id(), p.condition(), provider, p.source()));
            }
        }
        if (named.isEmpty()
                && audit.isEmpty()
                && deny.isEmpty()
                && !allowEnforced
                && dryRunDeny.isEmpty()
                && dryRunAllow.isEmpty()) {
            return PolicySet.NONE;
        }
        return new PolicySet(named, audit, deny, allowEnforced, allow, dryRunDeny, dryRunAllow);
    }
}
