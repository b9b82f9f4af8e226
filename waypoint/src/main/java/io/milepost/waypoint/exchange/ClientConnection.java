package io.milepost.waypoint.exchange;

import io.milepost.mesh.IpAddress;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a client's tunnel; parsed once per tunnel and shared by its exchanges.
 *
 * @param destination what the CONNECT named; null when it named no address
 * @param principal SPIFFE URI of the client
 */
public record ClientConnection(
        AsciiString localText,
        AsciiString remoteText,
        @Nullable IpAddress destination,
        int destinationPort,
        IpAddress source,
        @Nullable String principal,
        @Nullable String localPrincipal,
        long id) {

    public static ClientConnection of(
            String authority,
            @Nullable IpAddress destination,
            int port,
            InetSocketAddress remote,
            @Nullable String principal,
            @Nullable String localPrincipal,
            long id) {
        IpAddress source = IpAddress.of(remote.getAddress());
        return new ClientConnection(
                new AsciiString(authority),
                new AsciiString(text(source, remote.getPort())),
                destination,
                port,
                source,
                principal,
                localPrincipal,
                id);
    }

    public static String text(IpAddress ip, int port) {
        return (ip.v6() ? "[" + ip + "]" : ip.toString()) + ":" + port;
    }
}
