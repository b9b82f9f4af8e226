/** Tables of recorded behaviour; start with {@link io.milepost.filters.PathNormalizerTest}. */
@NullMarked
package io.milepost.filters;

import org.jspecify.annotations.NullMarked;
