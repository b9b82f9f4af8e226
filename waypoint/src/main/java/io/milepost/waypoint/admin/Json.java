package io.milepost.waypoint.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.SpiffeId;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes records as JSON by their components, so that a page shows the model as it is. Members of sealed interfaces tell
 * which one they are ({@code "@type"}); things with a well-known text (addresses, identities, sources) are that text.
 */
final class Json {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    static String text(@Nullable Object value) {
        StringWriter out = new StringWriter();
        try (JsonGenerator g = FACTORY.createGenerator(out)) {
            g.useDefaultPrettyPrinter();
            write(g, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out + "\n";
    }

    static void write(JsonGenerator g, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> g.writeNull();
            case Optional<?> o -> write(g, o.orElse(null));
            case Boolean b -> g.writeBoolean(b);
            case Integer n -> g.writeNumber(n);
            case Long n -> g.writeNumber(n);
            case Double n -> g.writeNumber(n);
            case Map<?, ?> m -> map(g, m);
            case Collection<?> c -> {
                g.writeStartArray();
                for (Object o : c) {
                    write(g, o);
                }
                g.writeEndArray();
            }
            case IpAddress a -> g.writeString(a.toString());
            case Cidr c -> g.writeString(c.toString());
            case SpiffeId s -> g.writeString(s.toString());
            case SourceRef s -> g.writeString(s.toString());
            case Record r -> record(g, r);
            default -> g.writeString(value.toString());
        }
    }

    /** Sorted, so that two dumps can be compared. */
    private static void map(JsonGenerator g, Map<?, ?> m) throws IOException {
        g.writeStartObject();
        if (m instanceof java.util.LinkedHashMap<?, ?>) {
            for (Map.Entry<?, ?> e : m.entrySet()) {
                g.writeFieldName(String.valueOf(e.getKey()));
                write(g, e.getValue());
            }
        } else {
            Map<String, @Nullable Object> sorted = new TreeMap<>();
            m.forEach((k, v) -> sorted.put(String.valueOf(k), v));
            for (Map.Entry<String, @Nullable Object> e : sorted.entrySet()) {
                g.writeFieldName(e.getKey());
                write(g, e.getValue());
            }
        }
        g.writeEndObject();
    }

    private static void record(JsonGenerator g, Record r) throws IOException {
        g.writeStartObject();
        for (Class<?> i : r.getClass().getInterfaces()) {
            if (i.isSealed()) {
                g.writeStringField("@type", r.getClass().getSimpleName());
            }
        }
        for (RecordComponent c : r.getClass().getRecordComponents()) {
            g.writeFieldName(c.getName());
            write(g, component(r, c));
        }
        g.writeEndObject();
    }

    private static @Nullable Object component(Record r, RecordComponent c) throws IOException {
        try {
            var accessor = c.getAccessor();
            accessor.setAccessible(true); // records inside package-private classes
            return accessor.invoke(r);
        } catch (ReflectiveOperationException e) {
            throw new IOException("cannot read " + c + " of " + r.getClass(), e);
        }
    }
}
