/**
 * The command {@code ./milepost bench}: the side-by-side run against Envoy. Start with {@link io.milepost.bench.BenchMain}. {@link
 * io.milepost.bench.TrainMain} is the training run of the start-up cache.
 */
@NullMarked
package io.milepost.bench;

import org.jspecify.annotations.NullMarked;
