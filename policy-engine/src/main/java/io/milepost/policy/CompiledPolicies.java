package io.milepost.policy;

import io.milepost.mesh.PolicySet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The policies of one chain, compiled: immutable, shared by all threads, made once per snapshot.
 *
 * <p>Order of stages: CUSTOM, then DENY, then ALLOW ({@link #decide}). AUDIT has no effect. Dry-run policies are evaluated by {@link #dryRun} for logs only.
 */
public final class CompiledPolicies {
    /** Nothing attached: everything is allowed. */
    public static final CompiledPolicies NONE = compile(PolicySet.NONE);

    private record Entry(Rule rule, AuthzDecision decision, String provider) {}

    private final Entry[] custom;
    private final Entry[] deny;
    private final boolean allowEnforced;
    private final Entry[] allow;
    private final Entry[] dryRunDeny;
    private final Entry[] dryRunAllow;
    private final AuthzDecision notDenied;

    private CompiledPolicies(PolicySet set) {
        custom = entries(set.custom(), AuthzDecision.Stage.CUSTOM, false);
        deny = entries(set.deny(), AuthzDecision.Stage.DENY, false);
        // A set that lists ALLOW policies enforces them, whatever the flag says: the other reading would fail open.
        allowEnforced = set.allowEnforced() || !set.allow().isEmpty();
        allow = entries(set.allow(), AuthzDecision.Stage.ALLOW, true);
        dryRunDeny = entries(set.dryRunDeny(), AuthzDecision.Stage.DENY, false);
        dryRunAllow = entries(set.dryRunAllow(), AuthzDecision.Stage.ALLOW, true);
        notDenied = AuthzDecision.ALLOWED_WITHOUT_POLICY;
    }

    /** Compiles a set. Never fails: what cannot be compiled fails closed. */
    public static CompiledPolicies compile(PolicySet set) {
        return new CompiledPolicies(set);
    }

    /** Sorted by id, because of several that match Envoy names the first in sorted order. */
    private static Entry[] entries(List<PolicySet.Policy> policies, AuthzDecision.Stage stage, boolean allowed) {
        return policies.stream()
                .sorted(Comparator.comparing(PolicySet.Policy::id))
                .map(p -> new Entry(
                        Rule.compile(p.condition()),
                        new AuthzDecision(allowed, stage, p.id(), p.source()),
                        p.provider()))
                .toArray(Entry[]::new);
    }

    /** Whether {@link #decide} may refuse anything. */
    public boolean enforces() {
        return custom.length > 0 || deny.length > 0 || allowEnforced;
    }

    /**
     * Runs CUSTOM, DENY and ALLOW. No provider is asked here: what a CUSTOM policy selects is refused, as it is when a
     * provider gives no answer.
     */
    public AuthzDecision decide(Attributes attributes) {
        if (custom.length > 0) {
            Entry e = first(custom, attributes, Verdict.UNKNOWN);
            if (e != null) {
                return e.decision;
            }
        }
        if (deny.length > 0) {
            Entry e = first(deny, attributes, Verdict.UNKNOWN);
            if (e != null) {
                return e.decision;
            }
        }
        if (!allowEnforced) {
            return notDenied;
        }
        Entry e = first(allow, attributes, Verdict.YES);
        return e == null ? AuthzDecision.NO_ALLOW_MATCHED : e.decision;
    }

    private static @Nullable Entry first(Entry[] entries, Attributes a, Verdict atLeast) {
        for (Entry e : entries) {
            if (e.rule.test(a).compareTo(atLeast) >= 0) {
                return e;
            }
        }
        return null;
    }

    /** Whether any CUSTOM policy is attached. */
    public boolean hasCustom() {
        return custom.length > 0;
    }

    /**
     * The extension providers that must be asked, each once, sorted by policy id. What is not understood counts as a
     * match: the provider is asked.
     */
    public List<String> customProviders(Attributes attributes) {
        if (custom.length == 0) {
            return List.of();
        }
        List<String> providers = new ArrayList<>(2);
        for (Entry e : custom) {
            if (!providers.contains(e.provider) && e.rule.test(attributes) != Verdict.NO) {
                providers.add(e.provider);
            }
        }
        return providers;
    }

    /** Whether any dry-run policy is attached. */
    public boolean hasDryRun() {
        return dryRunDeny.length > 0 || dryRunAllow.length > 0;
    }

    /** What the dry-run policies would have said. */
    public DryRun dryRun(Attributes attributes) {
        Entry d = first(dryRunDeny, attributes, Verdict.UNKNOWN);
        Entry a = first(dryRunAllow, attributes, Verdict.YES);
        return new DryRun(
                dryRunDeny.length > 0,
                d == null ? null : d.decision,
                dryRunAllow.length > 0,
                a == null ? null : a.decision);
    }

    /**
     * Result of the dry-run stages.
     *
     * @param deny the policy that would have denied; null when none
     * @param allow the policy that would have allowed; null when none (the request would have been denied when {@code
     *     hasAllow})
     */
    public record DryRun(
            boolean hasDeny,
            @Nullable AuthzDecision deny,
            boolean hasAllow,
            @Nullable AuthzDecision allow) {}
}
