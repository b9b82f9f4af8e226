package io.milepost.telemetry;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.util.AsciiString;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** REQ, RESP and TRAILER: the first value of a header, or of its alternative. */
final class HeaderOperators {
    private static final HeaderName HOST = HeaderName.of("host");

    /** A header or one of the pseudo-headers. */
    private sealed interface Field {
        record Named(HeaderName name) implements Field {}

        enum Pseudo implements Field {
            METHOD,
            AUTHORITY,
            PATH,
            SCHEME,
            STATUS,
            /** A pseudo-header that messages do not carry here, such as {@code :protocol}. */
            OTHER
        }
    }

    private HeaderOperators() {}

    static Operator request(String argument, int length, boolean withoutQuery) {
        Field[] fields = fields(argument);
        return (c, out, mode) -> {
            RequestHead r = c.request();
            if (r == null) {
                return false;
            }
            for (Field f : fields) {
                AsciiString v = value(c, r, f);
                if (v != null) {
                    int query = withoutQuery ? v.indexOf('?', 0) : -1;
                    int end = query < 0 ? v.length() : query;
                    return Operators.write(v, length < 0 ? end : Math.min(length, end), out, mode);
                }
            }
            return false;
        };
    }

    static Operator response(String argument, int length) {
        Field[] fields = fields(argument);
        return (c, out, mode) -> {
            ResponseHead r = c.response();
            if (r == null) {
                return false;
            }
            for (Field f : fields) {
                if (f == Field.Pseudo.STATUS) {
                    Out.quoted(out, Integer.toString(r.status()), mode);
                    return true;
                }
                AsciiString v = f instanceof Field.Named n ? r.headers().get(n.name()) : null;
                if (v != null) {
                    return Operators.write(v, length, out, mode);
                }
            }
            return false;
        };
    }

    static Operator trailer(String argument, int length) {
        Field[] fields = fields(argument);
        return (c, out, mode) -> {
            Headers t = c.responseTrailers();
            if (t == null) {
                return false;
            }
            for (Field f : fields) {
                AsciiString v = f instanceof Field.Named n ? t.get(n.name()) : null;
                if (v != null) {
                    return Operators.write(v, length, out, mode);
                }
            }
            return false;
        };
    }

    private static @Nullable AsciiString value(LogContext c, RequestHead r, Field f) {
        if (f instanceof Field.Named n) {
            return r.headers().get(n.name());
        }
        return switch ((Field.Pseudo) f) {
            case METHOD -> orNull(r.method());
            // An empty Host is printed as it is (asked of Envoy 1.40.0).
            case AUTHORITY -> c.hasHost() ? r.authority() : null;
            case PATH -> r.method().contentEquals("CONNECT") ? null : orNull(r.path());
            case SCHEME -> orNull(r.scheme());
            case STATUS, OTHER -> null;
        };
    }

    private static @Nullable AsciiString orNull(AsciiString v) {
        return v.isEmpty() ? null : v;
    }

    private static Field[] fields(String argument) {
        String[] names = argument.split("\\?", -1);
        if (names.length > 2 || names[0].isEmpty()) {
            throw new IllegalArgumentException("access log format: the header argument (" + argument
                    + ") must be one name or two joined by ?, as in REQ(X-A?:PATH)");
        }
        Field[] fields = new Field[names.length];
        for (int i = 0; i < names.length; i++) {
            String n = names[i].toLowerCase(Locale.ROOT);
            fields[i] = n.startsWith(":") ? pseudo(n) : named(n);
        }
        return fields;
    }

    private static Field named(String name) {
        HeaderName n = HeaderName.of(name);
        return n.equals(HOST) ? Field.Pseudo.AUTHORITY : new Field.Named(n);
    }

    private static Field pseudo(String name) {
        return switch (name) {
            case ":method" -> Field.Pseudo.METHOD;
            case ":authority" -> Field.Pseudo.AUTHORITY;
            case ":path" -> Field.Pseudo.PATH;
            case ":scheme" -> Field.Pseudo.SCHEME;
            case ":status" -> Field.Pseudo.STATUS;
            default -> Field.Pseudo.OTHER;
        };
    }
}
