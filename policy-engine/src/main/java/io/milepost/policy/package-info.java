/**
 * Who may: authorization rules compiled to matchers.
 *
 * <p>Start with {@link io.milepost.policy.CompiledPolicies}: it compiles a {@link io.milepost.mesh.PolicySet} once per
 * snapshot and answers {@link io.milepost.policy.AuthzDecision} for the {@link io.milepost.policy.Attributes} of a
 * request or connection. {@link io.milepost.policy.CompiledL4Policies} does the same for a ztunnel. Conditions are
 * evaluated with three values ({@link io.milepost.policy.Verdict}), so that what is not understood fails closed below a
 * negation too. {@link io.milepost.policy.StringMatcher} is shared with the route matcher of module {@code filters}.
 */
@NullMarked
package io.milepost.policy;

import org.jspecify.annotations.NullMarked;
