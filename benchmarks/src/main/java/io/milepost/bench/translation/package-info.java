/**
 * What it costs to translate a large configuration, measured in a process of its own. {@link
 * io.milepost.bench.translation.TranslationMain} is where to start.
 */
@NullMarked
package io.milepost.bench.translation;

import org.jspecify.annotations.NullMarked;
