/**
 * Towards the endpoints: state of clusters that outlives snapshots, the choice of an endpoint, and the connections.
 *
 * <p>Start with {@link io.milepost.waypoint.upstream.ClusterManager}: it keeps one {@link
 * io.milepost.waypoint.upstream.ClusterState} per cluster name. A request asks it with the {@link
 * io.milepost.waypoint.upstream.Pick} of its event loop; the answer comes from a {@link
 * io.milepost.waypoint.upstream.HostTable}, which is made anew when hosts or their health change and holds what can be
 * computed before a request comes ({@link io.milepost.waypoint.upstream.PriorityLoad}, {@link
 * io.milepost.waypoint.upstream.Candidates}). Then {@link io.milepost.waypoint.upstream.LoopPools} opens a stream: counts
 * are shared by all event loops (plain atomics), connections never leave theirs.
 */
@NullMarked
package io.milepost.waypoint.upstream;

import org.jspecify.annotations.NullMarked;
