package io.milepost.hbone;

import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Failures of connections in words that lead to the mend. */
final class ClientErrors {
    private ClientErrors() {}

    static String where(InetSocketAddress address) {
        String host = address.getAddress() == null
                ? address.getHostString()
                : address.getAddress().getHostAddress();
        return host.indexOf(':') < 0 ? host + ":" + address.getPort() : "[" + host + "]:" + address.getPort();
    }

    static TunnelException connectFailed(InetSocketAddress address, Throwable cause, long timeoutMillis) {
        String where = where(address);
        if (cause instanceof ConnectTimeoutException) {
            return new TunnelException(
                    TunnelException.Kind.CONNECT_TIMEOUT,
                    0,
                    "connection to " + where + " timed out after " + timeoutMillis
                            + " ms: maybe a NetworkPolicy is blocking HBONE port " + address.getPort(),
                    cause);
        }
        if (cause instanceof ConnectException && !(cause instanceof NoRouteToHostException)) {
            String text = String.valueOf(cause.getMessage());
            if (text.contains("refused")) {
                return new TunnelException(
                        TunnelException.Kind.CONNECT_FAILED,
                        0,
                        "connection to " + where
                                + " refused: is the target's ztunnel running, or does a NetworkPolicy block "
                                + address.getPort() + "?",
                        cause);
            }
        }
        return new TunnelException(
                TunnelException.Kind.CONNECT_FAILED,
                0,
                "connection to " + where + " failed: " + cause.getMessage(),
                cause);
    }

    static TunnelException handshakeFailed(InetSocketAddress address, Throwable cause) {
        return new TunnelException(
                TunnelException.Kind.TLS,
                0,
                "TLS handshake with " + where(address) + " failed: " + rootMessage(cause),
                cause);
    }

    /** TLS 1.3: a client has finished its handshake before it learns that the server does not want it. */
    static TunnelException rejected(InetSocketAddress address, SSLException cause) {
        return new TunnelException(
                TunnelException.Kind.TLS,
                0,
                where(address) + " rejected our certificate (" + cause.getMessage()
                        + "): does it trust our root and our trust domain?",
                cause);
    }

    static @Nullable SSLException tlsCause(@Nullable Throwable cause) {
        for (Throwable at = cause; at != null; at = at.getCause()) {
            if (at instanceof SSLException found) {
                return found;
            }
        }
        return null;
    }

    private static String rootMessage(Throwable cause) {
        Throwable at = cause;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        String message = at.getMessage();
        return message == null ? at.getClass().getSimpleName() : message;
    }
}
