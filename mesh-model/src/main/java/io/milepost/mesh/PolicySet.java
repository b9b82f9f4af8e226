package io.milepost.mesh;

import java.util.List;

/**
 * Who may, for one chain. The stages run in this order; within a stage all policies are looked at.
 *
 * @param dryRunDeny, dryRunAllow evaluated for logs and traces only
 */
public record PolicySet(
        List<Policy> custom,
        List<Policy> audit,
        List<Policy> deny,
        boolean allowEnforced,
        List<Policy> allow,
        List<Policy> dryRunDeny,
        List<Policy> dryRunAllow) {

    /**
     * @param id Istio's {@code ns[default]-policy[p]-rule[0]}, printed in logs
     * @param provider extension provider for CUSTOM, else empty
     */
    public record Policy(String id, Condition condition, String provider, SourceRef source) {
        public Policy(String id, Condition condition, SourceRef source) {
            this(id, condition, "", source);
        }
    }

    /** Nothing attached: everything is allowed. */
    public static final PolicySet NONE =
            new PolicySet(List.of(), List.of(), List.of(), false, List.of(), List.of(), List.of());

    public PolicySet {
        custom = List.copyOf(custom);
        audit = List.copyOf(audit);
        deny = List.copyOf(deny);
        allow = List.copyOf(allow);
        dryRunDeny = List.copyOf(dryRunDeny);
        dryRunAllow = List.copyOf(dryRunAllow);
    }

    public boolean isEmpty() {
        return custom.isEmpty()
                && audit.isEmpty()
                && deny.isEmpty()
                && !allowEnforced
                && dryRunDeny.isEmpty()
                && dryRunAllow.isEmpty();
    }
}
