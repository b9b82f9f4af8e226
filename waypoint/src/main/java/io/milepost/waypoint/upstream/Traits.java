package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a connection is for, beyond its endpoint: requests share connections only when these are equal.
 *
 * @param serverName host of the request where TLS has no configured one: sent in the handshake, compared with the certificate
 * @param source, destination what a PROXY header says; null without one
 */
public record Traits(
        String serverName,
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination) {
    /** Of connections that any request may use. */
    public static final Traits NONE = new Traits("", null, null);

    /** Whether connections of this cluster depend on the request at all. */
    public static boolean matter(Cluster c) {
        return c.proxyProtocol().isPresent()
                || (c.tls().isPresent() && c.tls().get().sni().isEmpty());
    }

    /**
     * The traits of one request's connection.
     *
     * @param authority of the request; its host is the server name where none is configured (auto SNI)
     */
    public static Traits of(
            Cluster c, String authority, @Nullable InetSocketAddress source, @Nullable InetSocketAddress destination) {
        boolean proxy = c.proxyProtocol().isPresent();
        String name = c.tls().isEmpty() ? "" : c.tls().get().sni().orElseGet(() -> host(authority));
        return new Traits(name, proxy ? source : null, proxy ? destination : null);
    }

    /** {@code ip:port} as it is printed in logs; null when it is something else. */
    public static @Nullable InetSocketAddress address(CharSequence text) {
        String t = text.toString();
        int colon = t.lastIndexOf(':');
        if (colon <= 0) {
            return null;
        }
        IpAddress ip = IpAddress.parse(host(t)).orElse(null);
        try {
            int port = Integer.parseInt(t.substring(colon + 1));
            return ip == null || port < 0 || port > 65_535 ? null : new InetSocketAddress(ip.toInetAddress(), port);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Without port and brackets. */
    static String host(String authority) {
        int colon = authority.lastIndexOf(':');
        String h = colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
        return (h.startsWith("[") && h.endsWith("]") ? h.substring(1, h.length() - 1) : h).toLowerCase(Locale.ROOT);
    }
}
