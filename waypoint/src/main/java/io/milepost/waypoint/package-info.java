/**
 * The waypoint: one process from configuration to bytes.
 *
 * <p>Start with {@link io.milepost.waypoint.Waypoint} (what is started and in which order), then {@link
 * io.milepost.waypoint.TunnelDispatcher} (where a CONNECT goes). The way of a request continues in {@code
 * io.milepost.waypoint.exchange}, towards endpoints in {@code io.milepost.waypoint.upstream}; {@link
 * io.milepost.waypoint.WaypointMain} is the command line.
 */
@NullMarked
package io.milepost.waypoint;

import org.jspecify.annotations.NullMarked;
