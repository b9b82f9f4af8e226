package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A CONNECT that waits for its answer. Confined to {@link #eventLoop()}. */
public interface TunnelRequest {
    /** {@code :authority} as sent, never empty. */
    String authority();

    /** First value of a header of the CONNECT, lower-case name; null when absent. */
    @Nullable
    String header(String name);

    /** Identity and addresses of the connection; the same instance for all tunnels of one connection. */
    PeerConnection peer();

    EventLoop eventLoop();

    /** The client ended its side already. */
    boolean isCancelled();

    /**
     * Answers 200 and opens the tunnel: a channel registered with {@link #eventLoop()} whose reads are the client's bytes
     * and whose writes go to it. It is a {@link io.netty.channel.socket.DuplexChannel}: the client's END_STREAM arrives as
     * {@link io.netty.channel.socket.ChannelInputShutdownEvent}, {@code shutdownOutput()} sends ours, {@code close()}
     * after a clean end is a clean end and otherwise RST_STREAM.
     *
     * @param handler added to the pipeline before the first byte is read
     */
    Channel accept(ChannelHandler handler);

    /**
     * As {@link #accept(ChannelHandler)}, with further headers on the 200.
     *
     * @param responseHeaders name and value alternating, names in lower case; never {@code content-length}, {@code
     *     transfer-encoding} or {@code connection} (ztunnel resets the stream for them)
     */
    Channel accept(ChannelHandler handler, List<String> responseHeaders);

    /** Answers with {@code status}, END_STREAM and no body. */
    void refuse(int status);

    /** The connection that carries a tunnel. */
    record PeerConnection(
            @Nullable String principal,
            @Nullable String localPrincipal,
            InetSocketAddress remoteAddress,
            InetSocketAddress localAddress) {}
}
