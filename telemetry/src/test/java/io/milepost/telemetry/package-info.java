/** Golden lines are from the recorded cases of the fidelity suite, which the tests name. */
@NullMarked
package io.milepost.telemetry;

import org.jspecify.annotations.NullMarked;
