package io.milepost.hbone.wire;

import org.jspecify.annotations.Nullable;

/** {@code forwarded} as ztunnel writes it: {@code for="10.1.2.3:45678";host=svc.ns.svc.cluster.local}. */
public final class Forwarded {
    private Forwarded() {}

    /** @param host the service that was called; null when a workload was */
    public static String format(Authority source, @Nullable String host) {
        String quoted = "for=\"" + source.format() + '"';
        return host == null ? quoted : quoted + ";host=" + host;
    }

    /** The value of {@code host=}, quoted or not; null when absent. */
    public static @Nullable String host(String text) {
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf(';', at);
            if (end < 0) {
                end = text.length();
            }
            String part = text.substring(at, end).trim();
            if (part.regionMatches(true, 0, "host=", 0, 5)) {
                String value = part.substring(5);
                boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
                return quoted ? value.substring(1, value.length() - 1) : value;
            }
            at = end + 1;
        }
        return null;
    }
}
