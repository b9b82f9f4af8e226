/**
 * A small mesh for programs that are not ours: applications that answer fast and remember nothing, a waypoint in a
 * process of its own, and ordinary TCP ports that lead through it.
 *
 * <p>Start at {@link io.milepost.testbed.load.LoadMesh}. {@link io.milepost.testbed.load.MeshVariants} writes configurations
 * that move live traffic, {@link io.milepost.testbed.load.Clients} finds and runs curl, h2load and Python.
 */
@NullMarked
package io.milepost.testbed.load;

import org.jspecify.annotations.NullMarked;
