/**
 * What happens to a request: pure decisions, no sockets, no clocks of their own.
 *
 * <p>Start with {@link io.milepost.filters.PathNormalizer} (before anything looks at a path), {@link
 * io.milepost.filters.RouteMatcher} (which rule) and the {@link io.milepost.filters.RouteDecision} it gives: its {@link
 * io.milepost.filters.ForwardPlan}, {@link io.milepost.filters.Redirects} or direct reply, its {@link
 * io.milepost.filters.HeaderRewriter}s, {@link io.milepost.filters.CorsPolicy} and {@link
 * io.milepost.filters.FaultPolicy}. {@link io.milepost.filters.HttpFilter} is the contract of the filter chain, {@link
 * io.milepost.filters.LocalReply} every answer that no backend gave.
 */
@NullMarked
package io.milepost.filters;

import org.jspecify.annotations.NullMarked;
