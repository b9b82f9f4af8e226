/**
 * AuthorizationPolicies and their translation into conditions.
 *
 * <p>Start with {@link io.milepost.config.kube.authz.AuthorizationTranslator}. What is not understood fails closed: the
 * policy that carries it matches always in a DENY and never in an ALLOW.
 */
@NullMarked
package io.milepost.config.kube.authz;

import org.jspecify.annotations.NullMarked;
