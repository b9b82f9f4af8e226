/** Tables of recorded authorization behaviour; start with {@link io.milepost.policy.CompiledPoliciesTest}. */
@NullMarked
package io.milepost.policy;

import org.jspecify.annotations.NullMarked;
