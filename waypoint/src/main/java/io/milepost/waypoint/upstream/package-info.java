/**
 * Towards the endpoints: state of clusters that outlives snapshots, the choice of an endpoint, and the connections.
 *
 * <p>{@link io.milepost.waypoint.upstream.ClusterManager} keeps one {@link io.milepost.waypoint.upstream.ClusterState} per
 * cluster name; counts are shared by all event loops (plain atomics), connections never leave theirs ({@link
 * io.milepost.waypoint.upstream.LoopPools}).
 */
@NullMarked
package io.milepost.waypoint.upstream;

import org.jspecify.annotations.NullMarked;
