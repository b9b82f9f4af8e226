package io.milepost.ztunnel.proxy;

import io.milepost.hbone.TunnelException;
import io.milepost.telemetry.ZtunnelMetrics.Flag;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.ConnectException;

/** Failures in the words of a ztunnel's log, which people and tools look for. */
final class Failures {
    static final String POLICY_CHANGE = "connection closed due to policy change";
    static final String DRAIN = "connection closed due to connection drain";
    static final String POLICY = "connection closed due to policy rejection: ";

    /** Of a connection that leads nowhere by plan. */
    static final Flag REFUSED_PLAN = Flag.CONNECT;

    private static final String IDENTITY = "identity verification error";

    private Failures() {}

    static String text(Throwable cause) {
        if (!(cause instanceof TunnelException t)) {
            return "io error: " + io(cause);
        }
        return switch (t.kind()) {
            case REFUSED -> "http status: " + status(t.status());
            case CONNECT_TIMEOUT ->
                "connection timed out, maybe a NetworkPolicy is blocking HBONE port 15008: deadline has elapsed";
            case CONNECT_FAILED -> "io error: " + io(t.getCause() == null ? t : t.getCause());
            case TLS -> tls(message(t));
            case CONNECTION_CLOSED, OVERFLOW -> "h2 failed: " + message(t);
        };
    }

    /** Of an application that could not be reached. */
    static String application(Throwable cause) {
        return "connection failed: " + io(cause);
    }

    static Flag flag(Throwable cause) {
        if (!(cause instanceof TunnelException t)) {
            return Flag.CONNECT;
        }
        return switch (t.kind()) {
            case CONNECT_TIMEOUT -> Flag.NETWORK_POLICY;
            case CONNECTION_CLOSED -> Flag.H2_HANDSHAKE_FAILURE;
            case REFUSED, CONNECT_FAILED, TLS, OVERFLOW -> Flag.CONNECT;
        };
    }

    private static String status(int code) {
        return code + " " + HttpResponseStatus.valueOf(code).reasonPhrase();
    }

    private static String tls(String message) {
        int at = message.indexOf(IDENTITY);
        return "io error: "
                + (at < 0 ? message : "invalid peer certificate: Other(OtherError(" + message.substring(at) + "))");
    }

    private static String io(Throwable cause) {
        String message = message(cause);
        if (cause instanceof ConnectTimeoutException) {
            return "deadline has elapsed";
        }
        if (cause instanceof ConnectException && message.contains("refused")) {
            return "Connection refused (os error 111)";
        }
        return message;
    }

    private static String message(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}
