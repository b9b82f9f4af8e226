/**
 * The minimal L4 node proxy. Start at {@link io.milepost.ztunnel.ZtunnelMain} (command line) and {@link
 * io.milepost.ztunnel.Ztunnel} (a running one); decisions are in {@code plan}, sockets in {@code proxy}.
 */
@NullMarked
package io.milepost.ztunnel;

import org.jspecify.annotations.NullMarked;
