package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

/** Opens tunnels. Connections are pooled per event loop and key; a tunnel never leaves its event loop. */
public interface HboneClient extends AutoCloseable {
    static HboneClientBuilder builder() {
        return new HboneClientBuilder();
    }

    /**
     * Must be called on {@code loop}. The future completes on {@code loop}: with an open tunnel channel (registered with
     * {@code loop}, 200 received, {@code handler} in its pipeline and nothing read yet), or with a {@link TunnelException}.
     */
    Future<Channel> open(EventLoop loop, TunnelTarget target, ChannelHandler handler);

    /**
     * Speaks HBONE inside a tunnel that is open already (double HBONE): TLS with {@code inner.identities()} and a CONNECT
     * of {@code inner.authority()} over {@code outer}, which must not have been read from. The inner connection carries
     * this one tunnel and is never pooled: another tunnel may have to reach another workload behind the same gateway. The
     * outer tunnel ends with it.
     *
     * @param outer a tunnel of this client, on the event loop that the call is made on
     */
    Future<Channel> openThrough(Channel outer, TunnelTarget inner, ChannelHandler handler);

    /** Open HBONE connections. */
    int connections();

    /** Counters and fill levels. */
    HboneMetrics metrics();

    /** Closes all connections once their tunnels are gone, at the latest after {@code graceMillis}. */
    void shutdown(long graceMillis);

    /**
     * Closes all connections at once. Called elsewhere than on an event loop it waits for that, a second at most; so the
     * event loops can be shut down after it.
     */
    @Override
    void close();
}
