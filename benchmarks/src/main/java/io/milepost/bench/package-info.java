/**
 * The command {@code ./milepost bench}: the side-by-side run against Envoy. Start with {@link io.milepost.bench.BenchMain}.
 */
@NullMarked
package io.milepost.bench;

import org.jspecify.annotations.NullMarked;
