/**
 * One request and its response. {@link io.milepost.waypoint.exchange.Exchange} is read top-down: the way of a request
 * through normalisation, route, filters and back; {@link io.milepost.waypoint.exchange.Forwarding} is the way to an endpoint.
 *
 * <p>{@link io.milepost.waypoint.exchange.ExchangeFacts} holds what authorization and logs see; {@link
 * io.milepost.waypoint.exchange.HttpService} is a compiled chain; {@link
 * io.milepost.waypoint.exchange.RequestBody} keeps a request body for retries.
 */
@NullMarked
package io.milepost.waypoint.exchange;

import org.jspecify.annotations.NullMarked;
