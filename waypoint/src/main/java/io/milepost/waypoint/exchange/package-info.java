/**
 * One request and its response. {@link io.milepost.waypoint.exchange.Exchange} is read top-down: the way of a request
 * through normalisation, route, policies, attempts and back.
 *
 * <p>{@link io.milepost.waypoint.exchange.ExchangeFacts} holds what authorization and logs see; {@link
 * io.milepost.waypoint.exchange.HttpService} is a compiled chain; {@link
 * io.milepost.waypoint.exchange.ReplayBuffer} keeps a request body for retries.
 */
@NullMarked
package io.milepost.waypoint.exchange;

import org.jspecify.annotations.NullMarked;
