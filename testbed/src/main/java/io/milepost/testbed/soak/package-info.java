/**
 * Long runs that look for what short tests cannot see: memory that grows, requests that get lost while the configuration
 * moves. Start at {@link io.milepost.testbed.soak.SoakMain}, which is {@code ./milepost soak}.
 */
@NullMarked
package io.milepost.testbed.soak;

import org.jspecify.annotations.NullMarked;
