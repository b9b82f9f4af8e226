package io.milepost.waypoint.upstream;

import io.milepost.hbone.wire.ProxyProtocol;
import io.milepost.mesh.Cluster;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** The PROXY protocol header in front of a connection's bytes. Pure. */
final class ProxyHeaders {
    private static final InetSocketAddress NOBODY = InetSocketAddress.createUnresolved("", 0);

    private ProxyHeaders() {}

    static ByteBuf of(
            Cluster.ProxyProtocol version,
            ByteBufAllocator alloc,
            @Nullable InetSocketAddress source,
            @Nullable InetSocketAddress destination) {
        if (version == Cluster.ProxyProtocol.V1) {
            return source == null || destination == null
                    ? ProxyProtocol.v1(alloc, NOBODY, NOBODY)
                    : ProxyProtocol.v1(alloc, source, destination);
        }
        return source == null || destination == null
                ? local(alloc)
                : ProxyProtocol.v2(alloc, source, destination, null);
    }

    /** The connection is the proxy's own. */
    private static ByteBuf local(ByteBufAllocator alloc) {
        ByteBuf b = ProxyProtocol.v2(alloc, NOBODY, NOBODY, null);
        // Version 2, command LOCAL.
        b.setByte(12, 0x20).setByte(13, 0);
        return b;
    }
}
