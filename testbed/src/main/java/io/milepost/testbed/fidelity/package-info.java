/**
 * Plays the recorded cases of conformance/fidelity against a waypoint and compares what happens with what istiod and Envoy did. {@link io.milepost.testbed.fidelity.CaseRun} plays one case in a
 * {@link io.milepost.testbed.fidelity.FidelityWorld}; {@link io.milepost.testbed.fidelity.Comparison} holds the rules of comparing; {@link io.milepost.testbed.fidelity.RatchetMain} writes down
 * what doesn't pass yet.
 */
@NullMarked
package io.milepost.testbed.fidelity;

import org.jspecify.annotations.NullMarked;
