/**
 * The Gateway API's conformance tables (conformance/gateway-api) against the real waypoint: {@link io.milepost.testbed.conformance.ConformanceTable} reads them,
 * {@link io.milepost.testbed.conformance.ConformanceMesh} is the mesh around the waypoint, {@link io.milepost.testbed.conformance.ConformancePlayer} asks and has the answers compared,
 * {@link io.milepost.testbed.conformance.ConformanceReport} writes what came out.
 */
@NullMarked
package io.milepost.testbed.conformance;

import org.jspecify.annotations.NullMarked;
