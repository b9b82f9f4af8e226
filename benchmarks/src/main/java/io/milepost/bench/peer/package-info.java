/**
 * The proxies under test as processes, with their configuration: Milepost, Envoy, and the floor, a relay without HTTP. Start with {@link io.milepost.bench.peer.Proxy}.
 */
@NullMarked
package io.milepost.bench.peer;

import org.jspecify.annotations.NullMarked;
