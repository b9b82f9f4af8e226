/**
 * Measurements: which scenario is run on which proxy, in which order. Start with {@link io.milepost.bench.run.Campaign}.
 */
@NullMarked
package io.milepost.bench.run;

import org.jspecify.annotations.NullMarked;
