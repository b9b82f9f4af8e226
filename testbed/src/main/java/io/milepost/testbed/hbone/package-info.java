/**
 * An HBONE client for tests and the demo that shares nothing with Milepost's own HBONE library. Start at {@link io.milepost.testbed.hbone.HboneTestClient}; {@link io.milepost.testbed.hbone.Http1}
 * and {@link io.milepost.testbed.hbone.Http2} speak HTTP inside a {@link io.milepost.testbed.hbone.Tunnel}.
 */
@NullMarked
package io.milepost.testbed.hbone;

import org.jspecify.annotations.NullMarked;
