package io.milepost.hbone;

/** Decides about each CONNECT. Called on the event loop of the connection; must not block. */
@FunctionalInterface
public interface HboneTunnelService {
    /**
     * Must lead, now or later on the same event loop, to exactly one of {@link TunnelRequest#accept} and {@link
     * TunnelRequest#refuse}.
     */
    void serve(TunnelRequest request);
}
