package io.milepost.waypoint.codec;

import io.netty.util.AsciiString;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The {@code date} header, rendered once a second and shared by all event loops. */
public final class HttpDate {
    private static final DateTimeFormatter FORMAT = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    private record Cached(long second, AsciiString text) {}

    private static volatile Cached cached = new Cached(0, AsciiString.EMPTY_STRING);

    private HttpDate() {}

    public static AsciiString now() {
        long second = System.currentTimeMillis() / 1000;
        Cached c = cached;
        if (c.second != second) {
            c = new Cached(second, new AsciiString(FORMAT.format(Instant.ofEpochSecond(second))));
            cached = c;
        }
        return c.text;
    }
}
