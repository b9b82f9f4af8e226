package io.milepost.waypoint.exchange;

import io.milepost.mesh.IpAddress;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a client's tunnel; parsed once per tunnel and shared by its exchanges.
 *
 * @param destination what the CONNECT named; null when it named no address
 * @param source peer address of the connection
 * @param remote what the CONNECT's {@code x-forwarded-for} says of it (its last entry), else {@code source}
 * @param principal SPIFFE URI of the client
 */
public record ClientConnection(
        AsciiString localText,
        AsciiString remoteText,
        @Nullable IpAddress destination,
        int destinationPort,
        IpAddress source,
        IpAddress remote,
        @Nullable String principal,
        @Nullable String localPrincipal,
        long id) {

    public static ClientConnection of(
            String authority,
            @Nullable IpAddress destination,
            int port,
            InetSocketAddress remote,
            @Nullable String forwardedFor,
            @Nullable String principal,
            @Nullable String localPrincipal,
            long id) {
        IpAddress source = IpAddress.of(remote.getAddress());
        IpAddress forwarded = last(forwardedFor);
        return new ClientConnection(
                new AsciiString(authority),
                new AsciiString(forwarded == null ? text(source, remote.getPort()) : text(forwarded, 0)),
                destination,
                port,
                source,
                forwarded == null ? source : forwarded,
                principal,
                localPrincipal,
                id);
    }

    /** Namespace of the client's identity ({@code spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT}); empty when it has none. */
    public String namespace() {
        String p = principal;
        int from = p == null ? -1 : p.indexOf("/ns/");
        if (p == null || from < 0) {
            return "";
        }
        int to = p.indexOf('/', from + 4);
        return to < 0 ? "" : p.substring(from + 4, to);
    }

    /** As Envoy without trusted hops: the last entry of the list, if it is an address. */
    private static @Nullable IpAddress last(@Nullable String list) {
        if (list == null) {
            return null;
        }
        return IpAddress.parse(list.substring(list.lastIndexOf(',') + 1).trim()).orElse(null);
    }

    public static String text(IpAddress ip, int port) {
        return (ip.v6() ? "[" + ip + "]" : ip.toString()) + ":" + port;
    }
}
