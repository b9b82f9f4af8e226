package io.milepost.telemetry;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;

/** Points and spans of time of expressions: their literals, and as Envoy prints them (asked of Envoy 1.40.0). */
final class CelTimes {
    private static final long SECOND = 1_000_000_000;

    private CelTimes() {}

    /** @throws IllegalArgumentException when it is none */
    static Instant timestamp(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("\"" + text + "\" is no point in time, as 2026-01-31T12:00:00Z is", e);
        }
    }

    /**
     * {@code 1h30m}, {@code 1.5s}, {@code 20ms}.
     *
     * @throws IllegalArgumentException when it is none
     */
    static Duration duration(String text) {
        int sign = text.startsWith("-") ? 1 : 0;
        double nanos = 0;
        for (int i = sign; i < text.length() || i == sign; ) {
            int number = i;
            while (i < text.length() && (Character.digit(text.charAt(i), 10) >= 0 || text.charAt(i) == '.')) {
                i++;
            }
            int unit = i;
            while (i < text.length() && Character.isLetter(text.charAt(i))) {
                i++;
            }
            try {
                nanos += Double.parseDouble(text.substring(number, unit)) * unit(text.substring(unit, i));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("\"" + text + "\" is no span of time, as 1.5s is", e);
            }
        }
        return Duration.ofNanos(Math.round(sign == 1 ? -nanos : nanos));
    }

    private static double unit(String name) {
        return switch (name) {
            case "h" -> 3600.0 * SECOND;
            case "m" -> 60.0 * SECOND;
            case "s" -> SECOND;
            case "ms" -> 1e6;
            case "us" -> 1e3;
            case "ns" -> 1;
            default -> throw new NumberFormatException(name);
        };
    }

    /** The text of an expression's value. */
    static CharSequence text(Object value) {
        return switch (value) {
            case CharSequence s -> s;
            case Duration d -> text(d.toNanos());
            case Instant i -> text(i);
            default -> value.toString();
        };
    }

    private static String text(Instant i) {
        String t = i.toString();
        int end = t.length() - 1;
        while (t.indexOf('.') >= 0 && t.charAt(end - 1) == '0') {
            end--;
        }
        return t.substring(0, end) + "+00:00";
    }

    private static String text(long nanos) {
        if (nanos < 0) {
            return "-" + text(-nanos);
        }
        if (nanos == 0) {
            return "0";
        }
        if (nanos < 1_000) {
            return nanos + "ns";
        }
        if (nanos < 1_000_000) {
            return nanos / 1_000 + fraction(nanos % 1_000, 3) + "us";
        }
        if (nanos < SECOND) {
            return nanos / 1_000_000 + fraction(nanos % 1_000_000, 6) + "ms";
        }
        StringBuilder b = new StringBuilder();
        long hours = nanos / (3600 * SECOND);
        long minutes = nanos / (60 * SECOND) % 60;
        long rest = nanos % (60 * SECOND);
        if (hours > 0) {
            b.append(hours).append('h');
        }
        if (minutes > 0) {
            b.append(minutes).append('m');
        }
        if (rest > 0) {
            b.append(rest / SECOND).append(fraction(rest % SECOND, 9)).append('s');
        }
        return b.toString();
    }

    /** Without the zeros at its end, and nothing for nothing. */
    private static String fraction(long value, int digits) {
        if (value == 0) {
            return "";
        }
        String all = Long.toString(value);
        String padded = "0".repeat(digits - all.length()) + all;
        int end = padded.length();
        while (padded.charAt(end - 1) == '0') {
            end--;
        }
        return "." + padded.substring(0, end);
    }
}
