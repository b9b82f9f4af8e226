/** The text and byte forms that HBONE peers exchange, as pure functions. Start at {@link io.milepost.hbone.wire.Authority}. */
@NullMarked
package io.milepost.hbone.wire;

import org.jspecify.annotations.NullMarked;
