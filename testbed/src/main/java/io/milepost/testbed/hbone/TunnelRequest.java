package io.milepost.testbed.hbone;

import io.milepost.testbed.ca.TestCa;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How to open a tunnel.
 *
 * @param peer the waypoint or ztunnel
 * @param identity the client certificate
 * @param source the address to come from, or null for any
 * @param authority of the CONNECT
 * @param headers of the CONNECT, after the pseudo-headers
 * @param timeout of connecting and of every single wait for bytes
 * @param outer all headers of the outer request instead of a CONNECT, or null
 * @param alpn the protocols to offer; none switches ALPN off
 */
public record TunnelRequest(
        InetSocketAddress peer,
        TestCa.Leaf identity,
        @Nullable InetAddress source,
        String authority,
        List<HttpHeader> headers,
        Duration timeout,
        @Nullable List<HttpHeader> outer,
        List<String> alpn) {

    /** A plain CONNECT with ALPN h2 and 10 s of patience. */
    public static TunnelRequest of(InetSocketAddress peer, TestCa.Leaf identity, String authority) {
        return new TunnelRequest(
                peer, identity, null, authority, List.of(), Duration.ofSeconds(10), null, List.of("h2"));
    }

    public TunnelRequest from(InetAddress address) {
        return new TunnelRequest(peer, identity, address, authority, headers, timeout, outer, alpn);
    }

    public TunnelRequest with(List<HttpHeader> connectHeaders) {
        return new TunnelRequest(peer, identity, source, authority, connectHeaders, timeout, outer, alpn);
    }

    public TunnelRequest patience(Duration wait) {
        return new TunnelRequest(peer, identity, source, authority, headers, wait, outer, alpn);
    }

    public TunnelRequest outer(@Nullable List<HttpHeader> all) {
        return new TunnelRequest(peer, identity, source, authority, headers, timeout, all, alpn);
    }

    public TunnelRequest alpn(List<String> protocols) {
        return new TunnelRequest(peer, identity, source, authority, headers, timeout, outer, protocols);
    }
}
