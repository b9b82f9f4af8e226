package io.milepost.hbone.wire;

import io.netty.util.NetUtil;
import org.jspecify.annotations.Nullable;

/**
 * The {@code :authority} of a CONNECT: {@code 10.0.0.5:80}, {@code [2001:db8::1]:80} or {@code svc.ns.svc.cluster.local:80}.
 *
 * @param host without brackets
 */
public record Authority(String host, int port) {
    /** Null for everything that is not host and port. */
    public static @Nullable Authority parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            return null;
        }
        int port = port(text, colon + 1);
        if (port < 0) {
            return null;
        }
        if (text.charAt(0) == '[') {
            if (text.charAt(colon - 1) != ']') {
                return null;
            }
            String host = text.substring(1, colon - 1);
            return NetUtil.isValidIpV6Address(host) ? new Authority(host, port) : null;
        }
        String host = text.substring(0, colon);
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == ':' || c == '/' || c == '@' || c == '[' || c == ']') {
                return null;
            }
        }
        return new Authority(host, port);
    }

    private static int port(String text, int from) {
        int length = text.length() - from;
        if (length < 1 || length > 5) {
            return -1;
        }
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            port = port * 10 + digit;
        }
        return port > 65_535 ? -1 : port;
    }

    public boolean isIp() {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    /** The form on the wire. */
    public String format() {
        return host.indexOf(':') < 0 ? host + ':' + port : '[' + host + "]:" + port;
    }
}
