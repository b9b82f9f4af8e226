/**
 * What is counted of the traffic and of the process: Istio's metrics with their labels, and our own gauges.
 *
 * <p>Start at {@link io.milepost.waypoint.observe.TrafficMetrics} (fed by the data path through {@link
 * io.milepost.waypoint.observe.Served}) and {@link io.milepost.waypoint.observe.ProcessMetrics} (limits, memory, event
 * loops), which also renders both for Prometheus.
 */
@NullMarked
package io.milepost.waypoint.observe;

import org.jspecify.annotations.NullMarked;
