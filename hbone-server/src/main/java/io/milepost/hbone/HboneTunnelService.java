package io.milepost.hbone;

import org.jspecify.annotations.Nullable;

/** Decides about each CONNECT. Called on the event loop of the connection; must not block. */
@FunctionalInterface
public interface HboneTunnelService {
    /**
     * Must lead, now or later on the same event loop, to exactly one of {@link TunnelRequest#accept} and {@link
     * TunnelRequest#refuse}.
     */
    void serve(TunnelRequest request);

    /**
     * A request that was no plain CONNECT got {@code status}, see {@link RequestPolicy}; for logs. On the event loop of the
     * connection.
     */
    default void refused(
            TunnelRequest.PeerConnection peer,
            CharSequence method,
            @Nullable CharSequence authority,
            @Nullable CharSequence path,
            int status) {}
}
