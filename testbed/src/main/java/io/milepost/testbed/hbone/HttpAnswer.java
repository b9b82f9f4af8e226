package io.milepost.testbed.hbone;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A response: status is the code as text, or {@code closed}, or {@code reset CODE}. */
@SuppressWarnings("ArrayRecordComponent") // handed over, never shared
public record HttpAnswer(String status, List<HttpHeader> headers, byte[] body, List<HttpHeader> trailers) {

    static HttpAnswer closed(byte[] rest) {
        return new HttpAnswer("closed", List.of(), rest, List.of());
    }

    /** The last value of a header, names compared without case. */
    public @Nullable String header(String name) {
        String found = null;
        for (HttpHeader h : headers) {
            if (h.name().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT))) {
                found = h.value();
            }
        }
        return found;
    }

    public String text() {
        return new String(body, StandardCharsets.ISO_8859_1);
    }
}
