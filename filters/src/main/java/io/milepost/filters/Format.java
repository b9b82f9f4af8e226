package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A compiled header value with Envoy's command operators. */
final class Format {
    private sealed interface Part {
        record Text(String text) implements Part {}

        record Request(Source main, @Nullable Source other, int limit) implements Part {}

        record Response(HeaderName name, int limit) implements Part {}

        record Status() implements Part {}

        record Operator(String name, String arguments) implements Part {}
    }

    /** A header or pseudo-header of the request. */
    private record Source(String text, HeaderName name) {
        static Source of(String text) {
            return new Source(text.toLowerCase(java.util.Locale.ROOT), HeaderName.of(text));
        }

        @Nullable
        AsciiString value(RequestHead r) {
            return switch (text) {
                case ":authority", "host" -> r.authority();
                case ":path" -> r.path();
                case ":method" -> r.method();
                case ":scheme" -> r.scheme();
                default -> r.headers().get(name);
            };
        }
    }

    private final Part[] parts;
    private final @Nullable AsciiString constant;

    private Format(List<Part> parts) {
        this.parts = parts.toArray(new Part[0]);
        if (this.parts.length == 0) {
            constant = AsciiString.EMPTY_STRING;
        } else if (this.parts.length == 1 && this.parts[0] instanceof Part.Text t) {
            constant = bytes(t.text());
        } else {
            constant = null;
        }
    }

    /** Text that is no well-formed operator stays as it is. */
    static Format compile(String format) {
        List<Part> parts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            if (c != '%') {
                text.append(c);
                i++;
                continue;
            }
            if (format.startsWith("%%", i)) {
                text.append('%');
                i += 2;
                continue;
            }
            int end = operatorEnd(format, i + 1);
            if (end < 0) {
                text.append(c);
                i++;
                continue;
            }
            if (!text.isEmpty()) {
                parts.add(new Part.Text(text.toString()));
                text.setLength(0);
            }
            parts.add(operator(format.substring(i + 1, end)));
            i = end + 1;
        }
        if (!text.isEmpty()) {
            parts.add(new Part.Text(text.toString()));
        }
        return new Format(parts);
    }

    /** Index of the closing percent sign of NAME, NAME(arguments) or NAME(arguments):length. */
    private static int operatorEnd(String f, int from) {
        int i = from;
        while (i < f.length() && (Character.isUpperCase(f.charAt(i)) || isDigit(f.charAt(i)) || f.charAt(i) == '_')) {
            i++;
        }
        if (i == from) {
            return -1;
        }
        if (i < f.length() && f.charAt(i) == '(') {
            i = f.indexOf(')', i) + 1;
            if (i == 0) {
                return -1;
            }
        }
        if (i < f.length() && f.charAt(i) == ':') {
            do {
                i++;
            } while (i < f.length() && isDigit(f.charAt(i)));
        }
        return i < f.length() && f.charAt(i) == '%' ? i : -1;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static Part operator(String command) {
        int open = command.indexOf('(');
        int close = command.lastIndexOf(')');
        int colon = command.indexOf(':', Math.max(close, 0));
        int limit = colon < 0 ? Integer.MAX_VALUE : limit(command.substring(colon + 1));
        String name = command.substring(0, open >= 0 ? open : colon >= 0 ? colon : command.length());
        String arguments = open < 0 ? "" : command.substring(open + 1, close);
        return switch (name) {
            case "REQ" -> {
                int q = arguments.indexOf('?');
                yield new Part.Request(
                        Source.of(q < 0 ? arguments : arguments.substring(0, q)),
                        q < 0 ? null : Source.of(arguments.substring(q + 1)),
                        limit);
            }
            case "RESP" -> new Part.Response(HeaderName.of(arguments), limit);
            case "RESPONSE_CODE" -> new Part.Status();
            default -> new Part.Operator(name, arguments);
        };
    }

    private static int limit(String digits) {
        return digits.isEmpty() || digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    }

    /** The value now; a fixed text is shared, everything else is new. */
    AsciiString value(@Nullable RequestHead request, @Nullable ResponseHead response, FormatContext context) {
        if (constant != null) {
            return constant;
        }
        if (parts.length == 1) {
            return AsciiString.of(text(parts[0], request, response, context));
        }
        StringBuilder s = new StringBuilder(48);
        for (Part p : parts) {
            s.append(text(p, request, response, context));
        }
        return bytes(s.toString());
    }

    private static CharSequence text(
            Part part, @Nullable RequestHead request, @Nullable ResponseHead response, FormatContext context) {
        return switch (part) {
            case Part.Text p -> p.text();
            case Part.Request p -> {
                AsciiString v = request == null ? null : p.main().value(request);
                if (v == null && request != null && p.other() != null) {
                    v = p.other().value(request);
                }
                yield cut(v, p.limit());
            }
            case Part.Response p ->
                cut(response == null ? null : response.headers().get(p.name()), p.limit());
            case Part.Status p -> response == null ? "" : Integer.toString(response.status());
            case Part.Operator p -> {
                String v = context.value(p.name(), p.arguments());
                yield v == null ? "" : v;
            }
        };
    }

    private static CharSequence cut(@Nullable AsciiString value, int limit) {
        return value == null ? "" : value.length() <= limit ? value : value.subSequence(0, limit, true);
    }

    /** Header values of users may hold any character; they travel as UTF-8. */
    static AsciiString bytes(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xFF) {
                return new AsciiString(text.getBytes(StandardCharsets.UTF_8), false);
            }
        }
        return new AsciiString(text.getBytes(StandardCharsets.ISO_8859_1), false);
    }
}
