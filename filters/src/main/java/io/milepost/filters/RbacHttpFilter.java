package io.milepost.filters;

import io.milepost.policy.AuthzDecision;
import io.milepost.policy.CompiledPolicies;

/** Enforces the policies of a chain. */
public final class RbacHttpFilter implements HttpFilter {
    private final CompiledPolicies policies;

    public RbacHttpFilter(CompiledPolicies policies) {
        this.policies = policies;
    }

    @Override
    public FilterResult onRequest(FilterContext context) {
        AuthzDecision d = policies.decide(context.attributes());
        return d.allowed() ? FilterResult.CONTINUE : new FilterResult.Reply(LocalReply.denied(d));
    }
}
