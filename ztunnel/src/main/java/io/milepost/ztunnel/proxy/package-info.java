/**
 * Acts on the plans: listeners, tunnels, sockets, logs. Start at {@link io.milepost.ztunnel.proxy.PodProxy}, which is all
 * that a ztunnel does for one pod. A connection and what it leads to live on one event loop.
 */
@NullMarked
package io.milepost.ztunnel.proxy;

import org.jspecify.annotations.NullMarked;
