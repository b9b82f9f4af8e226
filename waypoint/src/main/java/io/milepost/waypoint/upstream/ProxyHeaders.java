package io.milepost.waypoint.upstream;

import io.milepost.hbone.wire.ProxyProtocol;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The PROXY protocol header in front of a connection's bytes. Pure. */
final class ProxyHeaders {
    private ProxyHeaders() {}

    static ByteBuf of(
            Cluster.ProxyProtocol version,
            ByteBufAllocator alloc,
            @Nullable InetSocketAddress source,
            @Nullable InetSocketAddress destination) {
        if (version == Cluster.ProxyProtocol.V1) {
            byte[] line = v1(source, destination).getBytes(StandardCharsets.US_ASCII);
            return alloc.buffer(line.length).writeBytes(line);
        }
        return source == null || destination == null
                ? local(alloc)
                : ProxyProtocol.v2(alloc, source, destination, null);
    }

    /** The connection is the proxy's own. */
    private static ByteBuf local(ByteBufAllocator alloc) {
        InetSocketAddress none = InetSocketAddress.createUnresolved("", 0);
        ByteBuf b = ProxyProtocol.v2(alloc, none, none, null);
        // Version 2, command LOCAL.
        b.setByte(12, 0x20).setByte(13, 0);
        return b;
    }

    static String v1(@Nullable InetSocketAddress source, @Nullable InetSocketAddress destination) {
        if (source == null
                || destination == null
                || source.getAddress() instanceof Inet6Address != destination.getAddress() instanceof Inet6Address) {
            return "PROXY UNKNOWN\r\n";
        }
        return "PROXY " + (source.getAddress() instanceof Inet6Address ? "TCP6 " : "TCP4 ")
                + IpAddress.of(source.getAddress()) + ' ' + IpAddress.of(destination.getAddress()) + ' '
                + source.getPort() + ' ' + destination.getPort() + "\r\n";
    }
}
