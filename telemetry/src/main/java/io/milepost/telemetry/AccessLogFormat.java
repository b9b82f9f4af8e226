package io.milepost.telemetry;

import io.milepost.mesh.DefaultLogFormats;
import io.milepost.mesh.TelemetrySettings;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A compiled access log format. Immutable and shared by all event loops.
 *
 * <p>Text and JSON end up as the same thing: a flat list of literal bytes and operators. For JSON that works because
 * keys are sorted when compiling and an absent value is printed as null, not left out.
 */
public final class AccessLogFormat {
    private static final byte[] DASH = {'-'};
    private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EMPTY = {};

    /** A literal, or an operator and what stands for its absent value. */
    private static final class Part {
        final byte[] bytes;
        final @Nullable Operator operator;
        final Out.Mode mode;

        Part(byte[] bytes, @Nullable Operator operator, Out.Mode mode) {
            this.bytes = bytes;
            this.operator = operator;
            this.mode = mode;
        }
    }

    private final Part[] parts;

    private AccessLogFormat(List<Part> parts) {
        this.parts = parts.toArray(Part[]::new);
    }

    /**
     * Compiles a format. A line break at the end is added when missing.
     *
     * @throws IllegalArgumentException naming the operator (and JSON field) that is not understood and the mend
     */
    public static AccessLogFormat compile(TelemetrySettings.Format format) {
        return compile(format, false);
    }

    /** @param omitEmpty prints absent values in text as nothing instead of {@code -} (omitEmptyValues) */
    public static AccessLogFormat compile(TelemetrySettings.Format format, boolean omitEmpty) {
        List<Part> parts = new ArrayList<>();
        byte[] absent = omitEmpty ? EMPTY : DASH;
        switch (format) {
            case TelemetrySettings.Format.Text t -> {
                String text = t.text().isEmpty() ? DefaultLogFormats.TEXT : t.text();
                for (FormatParser.Piece p : FormatParser.parse(text.endsWith("\n") ? text : text + "\n")) {
                    parts.add(p.operator() == null ? literal(p.text()) : new Part(absent, p.operator(), Out.Mode.TEXT));
                }
            }
            case TelemetrySettings.Format.Json j -> {
                json(j.fields().isEmpty() ? DefaultLogFormats.JSON : j.fields(), "", absent, parts);
                parts.add(literal("\n"));
            }
        }
        return new AccessLogFormat(joined(parts));
    }

    /** Writes one line with its line break. */
    public void write(LogContext c, ByteBuf out) {
        for (Part p : parts) {
            if (p.operator == null || !p.operator.write(c, out, p.mode)) {
                out.writeBytes(p.bytes);
            }
        }
    }

    private static Part literal(String text) {
        return new Part(text.getBytes(StandardCharsets.UTF_8), null, Out.Mode.TEXT);
    }

    /** Neighbouring literals become one. */
    private static List<Part> joined(List<Part> parts) {
        List<Part> result = new ArrayList<>();
        for (Part p : parts) {
            Part last = result.isEmpty() ? null : result.getLast();
            if (p.operator == null && last != null && last.operator == null) {
                byte[] both = new byte[last.bytes.length + p.bytes.length];
                System.arraycopy(last.bytes, 0, both, 0, last.bytes.length);
                System.arraycopy(p.bytes, 0, both, last.bytes.length, p.bytes.length);
                result.set(result.size() - 1, new Part(both, null, Out.Mode.TEXT));
            } else {
                result.add(p);
            }
        }
        return result;
    }

    private static void json(@Nullable Object value, String at, byte[] absent, List<Part> parts) {
        switch (value) {
            case null -> parts.add(literal("null"));
            case Map<?, ?> m -> {
                Map<String, Object> sorted = new TreeMap<>();
                m.forEach((k, v) -> sorted.put(String.valueOf(k), v));
                String separator = "{";
                for (Map.Entry<String, Object> e : sorted.entrySet()) {
                    parts.add(literal(separator + quote(e.getKey()) + ":"));
                    json(e.getValue(), at.isEmpty() ? e.getKey() : at + "." + e.getKey(), absent, parts);
                    separator = ",";
                }
                parts.add(literal(sorted.isEmpty() ? "{}" : "}"));
            }
            case List<?> l -> {
                parts.add(literal("["));
                for (int i = 0; i < l.size(); i++) {
                    if (i > 0) {
                        parts.add(literal(","));
                    }
                    json(l.get(i), at + "[" + i + "]", absent, parts);
                }
                parts.add(literal("]"));
            }
            case Double d
            when d == Math.rint(d) && Math.abs(d) < 1e15 -> parts.add(literal(Long.toString(d.longValue())));
            case Number n -> parts.add(literal(n.toString()));
            case Boolean b -> parts.add(literal(b.toString()));
            case String s -> template(s, at, absent, parts);
            default ->
                throw new IllegalArgumentException("access log format, JSON field " + at + ": a "
                        + value.getClass().getSimpleName()
                        + " is not allowed; use strings, numbers, booleans, objects and lists");
        }
    }

    private static void template(String text, String at, byte[] absent, List<Part> parts) {
        List<FormatParser.Piece> pieces;
        try {
            pieces = FormatParser.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("JSON field " + at + ": " + e.getMessage(), e);
        }
        if (pieces.size() == 1 && pieces.getFirst().operator() != null) {
            parts.add(new Part(NULL, pieces.getFirst().operator(), Out.Mode.JSON));
            return;
        }
        parts.add(literal("\""));
        for (FormatParser.Piece p : pieces) {
            if (p.operator() == null) {
                String quoted = quote(p.text());
                parts.add(literal(quoted.substring(1, quoted.length() - 1)));
            } else {
                parts.add(new Part(absent, p.operator(), Out.Mode.JSON_PART));
            }
        }
        parts.add(literal("\""));
    }

    private static String quote(String s) {
        ByteBuf b = io.netty.buffer.Unpooled.buffer(s.length() + 8);
        Out.string(b, s, Out.Mode.JSON);
        return b.toString(StandardCharsets.UTF_8);
    }
}
