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

    /** Open HBONE connections. */
    int connections();

    /** Closes all connections once their tunnels are gone, at the latest after {@code graceMillis}. */
    void shutdown(long graceMillis);

    @Override
    void close();
}
