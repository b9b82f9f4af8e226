package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Parts of {@code ip:port}, {@code [ip]:port} and Envoy's internal {@code envoy://...} addresses. */
final class Addresses {
    private Addresses() {}

    static Operator withoutPort(Function<LogContext, @Nullable CharSequence> get) {
        return (c, out, mode) -> {
            CharSequence a = get.apply(c);
            if (a == null) {
                return false;
            }
            int colon = colon(a);
            boolean brackets = colon > 0 && a.charAt(0) == '[' && a.charAt(colon - 1) == ']';
            Out.string(out, a, brackets ? 1 : 0, colon < 0 ? a.length() : brackets ? colon - 1 : colon, mode, false);
            return true;
        };
    }

    /** A number; empty for internal addresses (measured, hbone-log-format). */
    static Operator port(Function<LogContext, @Nullable CharSequence> get) {
        return (c, out, mode) -> {
            CharSequence a = get.apply(c);
            if (a == null) {
                return false;
            }
            return port(a, out, mode);
        };
    }

    private static boolean port(CharSequence a, ByteBuf out, Out.Mode mode) {
        int colon = colon(a);
        if (colon < 0) {
            // in JSON null, as an address without port has no number
            return mode != Out.Mode.JSON;
        }
        Out.string(out, a, colon + 1, a.length(), mode == Out.Mode.JSON ? Out.Mode.JSON_PART : mode, false);
        return true;
    }

    /** The colon before the port; -1 when there is no port. */
    static int colon(CharSequence a) {
        int n = a.length();
        if (n > 8 && a.charAt(0) == 'e' && a.charAt(5) == ':' && a.charAt(6) == '/') {
            return -1;
        }
        int i = n - 1;
        while (i >= 0 && a.charAt(i) >= '0' && a.charAt(i) <= '9') {
            i--;
        }
        return i >= 0 && a.charAt(i) == ':' ? i : -1;
    }
}
