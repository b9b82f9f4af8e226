package io.milepost.hbone;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * Where a tunnel goes. The pool key: connections are shared by targets that are equal except for {@code authority} and
 * {@code headers}.
 *
 * @param address of the HBONE server, resolved
 * @param identities SPIFFE URIs of which the peer must present one; empty accepts any identity of the trust domain
 * @param sourceKey separates pools of different callers (ztunnel: identity and address of the captured pod); empty for
 *     one caller
 * @param authority of the CONNECT
 * @param headers further headers of the CONNECT in order, name and value alternating
 */
public record TunnelTarget(
        InetSocketAddress address, List<String> identities, String sourceKey, String authority, List<String> headers) {
    public TunnelTarget {
        identities = List.copyOf(identities);
        headers = List.copyOf(headers);
    }

    public TunnelTarget(InetSocketAddress address, List<String> identities, String authority) {
        this(address, identities, "", authority, List.of());
    }
}
