package io.milepost.config.kube;

import java.util.Locale;
import java.util.Set;

/** How a service port was declared (Istio's protocol selection: appProtocol, then the prefix of the port's name). */
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
        if (!appProtocol.isEmpty()) {
            return parse(appProtocol);
        }
        if (name.isEmpty()) {
            return WELL_KNOWN_TCP.contains(port) ? TCP : AUTO;
        }
        if (name.startsWith("grpc-web")) {
            return GRPC_WEB;
        }
        int dash = name.indexOf('-');
        PortProtocol p = parse(dash < 0 ? name : name.substring(0, dash));
        return p == AUTO && WELL_KNOWN_TCP.contains(port) ? TCP : p;
    }

    static PortProtocol parse(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "http", "http1", "kubernetes.io/ws" -> HTTP;
            case "http2", "kubernetes.io/h2c" -> HTTP2;
            case "grpc" -> GRPC;
            case "grpc-web" -> GRPC_WEB;
            case "tcp", "tls", "https", "mongo", "redis", "mysql", "hbone", "double-hbone", "kubernetes.io/wss" -> TCP;
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
