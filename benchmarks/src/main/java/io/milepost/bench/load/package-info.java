/**
 * The load generator: raw, pre-encoded bytes through HBONE tunnels, closed and open loop. Start with {@link io.milepost.bench.load.Load}.
 */
@NullMarked
package io.milepost.bench.load;

import org.jspecify.annotations.NullMarked;
