package io.milepost.waypoint.upstream;

import io.milepost.hbone.TunnelException;
import io.milepost.hbone.TunnelTarget;

/** Is told of every tunnel to an endpoint that could not be opened, on its event loop. */
@FunctionalInterface
public interface TunnelFailures {
    /** @param startNanos when the tunnel was asked for, by {@link System#nanoTime} */
    void failed(TunnelTarget target, TunnelException why, long startNanos);
}
