package io.milepost.policy;

import io.milepost.mesh.SourceRef;

/**
 * What the policies of a chain say. Instances are made when policies are compiled; deciding allocates nothing.
 *
 * @param allowed whether the request may pass
 * @param stage the stage that decided
 * @param policyId id of the policy that decided ({@code ns[default]-policy[p]-rule[0]}); {@code none} when no ALLOW
 *     matched; empty when nothing is enforced
 * @param source the object behind the policy, for explanations; {@link SourceRef#DEFAULT} when no single one decided
 */
public record AuthzDecision(boolean allowed, Stage stage, String policyId, SourceRef source) {
    public enum Stage {
        /** No policy is attached. */
        NO_POLICY,
        /** A CUSTOM policy selects the request and its provider did not answer. */
        CUSTOM,
        DENY,
        ALLOW
    }

    /** Nothing is attached or nothing forbids it. */
    public static final AuthzDecision ALLOWED_WITHOUT_POLICY =
            new AuthzDecision(true, Stage.NO_POLICY, "", SourceRef.DEFAULT);

    static final AuthzDecision NO_ALLOW_MATCHED = new AuthzDecision(false, Stage.ALLOW, "none", SourceRef.DEFAULT);

    /** Envoy's response code details: {@code rbac_access_denied_matched_policy[<id>]} or {@code ext_authz_error}. */
    public String details() {
        return stage == Stage.CUSTOM ? "ext_authz_error" : "rbac_access_denied_matched_policy[" + policyId + "]";
    }
}
