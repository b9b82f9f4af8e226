package io.milepost.config.kube;

import java.util.Locale;
import java.util.Set;

/** How a service port was declared (istiod's ConvertProtocol: the prefix of appProtocol, else of the port's name). */
enum PortProtocol {
    HTTP,
    HTTP2,
    GRPC,
    GRPC_WEB,
    TCP,
    UDP,
    /** Undeclared: the first bytes decide. */
    AUTO;

    /** Server-first protocols that would hang in detection. */
    private static final Set<Integer> WELL_KNOWN_TCP = Set.of(25, 53, 3306, 27017);

    static PortProtocol of(int port, String transport, String name, String appProtocol) {
        if (transport.equals("UDP")) {
            return UDP;
        }
        switch (appProtocol) {
            case "kubernetes.io/h2c" -> {
                return HTTP2;
            }
            case "kubernetes.io/ws" -> {
                return HTTP;
            }
            case "kubernetes.io/wss" -> {
                return TCP;
            }
            default -> {
                // read like a name below
            }
        }
        String declared = appProtocol.isEmpty() ? name : appProtocol;
        if (declared.toLowerCase(Locale.ROOT).startsWith("grpc-web")) {
            return GRPC_WEB;
        }
        int dash = declared.indexOf('-');
        PortProtocol p = parse(dash < 0 ? declared : declared.substring(0, dash));
        return p == AUTO && WELL_KNOWN_TCP.contains(port) ? TCP : p;
    }

    /** The protocol of a ServiceEntry's port, or the prefix of a name; unknown and empty ones are undeclared. */
    static PortProtocol parse(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "http", "http_proxy" -> HTTP;
            case "http2" -> HTTP2;
            case "grpc" -> GRPC;
            case "grpc-web" -> GRPC_WEB;
            case "tcp", "tls", "https", "mongo", "redis", "mysql", "hbone", "double-hbone" -> TCP;
            case "udp" -> UDP;
            default -> AUTO;
        };
    }

    boolean speaksHttp() {
        return this != TCP && this != UDP;
    }

    boolean speaksTcp() {
        return this == TCP || this == AUTO;
    }
}
