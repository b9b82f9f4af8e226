package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A point in time as Envoy's START_TIME prints it: strftime in UTC, {@code %3f} for fractions, {@code %E3S} for seconds
 * with fraction, {@code %s} for seconds since 1970.
 *
 * <p>The calendar is computed with integers for every line (a dozen divisions): no shared cache to contend for and little
 * garbage.
 */
final class TimeFormat {
    private static final String[] MONTHS = {
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December"
    };
    private static final String[] DAYS = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

    /** {@code 2026-08-01T12:00:00.123Z}. */
    private static final String DEFAULT_FORMAT = "%Y-%m-%dT%H:%M:%E3SZ";

    static final TimeFormat DEFAULT = compile(DEFAULT_FORMAT);

    /** What of the default format follows the full second. */
    private static final int MILLIS_AND_ZONE = 4;

    /** Lines of the same second begin alike; any thread may replace it. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Second(long seconds, byte[] text) {}

    private interface Part {
        void write(Civil t, ByteBuf out);
    }

    /** Broken-down time; the only object that a line may cost. */
    private record Civil(
            long seconds, int nanos, long year, int month, int day, int dayOfYear, int weekday, int secondOfDay) {
        static Civil of(long epochNanos) {
            long seconds = Math.floorDiv(epochNanos, 1_000_000_000L);
            int nanos = (int) Math.floorMod(epochNanos, 1_000_000_000L);
            long days = Math.floorDiv(seconds, 86_400L);
            // Days to civil date, eras of 400 years that begin on 1 March
            long z = days + 719_468;
            long era = Math.floorDiv(z, 146_097L);
            long doe = z - era * 146_097;
            long yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
            long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
            int mp = (int) ((5 * doy + 2) / 153);
            int day = (int) (doy - (153 * mp + 2) / 5 + 1);
            int month = mp < 10 ? mp + 3 : mp - 9;
            long year = yoe + era * 400 + (month <= 2 ? 1 : 0);
            boolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            int ofYear = (int) (month > 2 ? doy + 60 + (leap ? 1 : 0) : doy - 305);
            return new Civil(seconds, nanos, year, month, day, ofYear, (int) Math.floorMod(days + 4, 7L), (int)
                    Math.floorMod(seconds, 86_400L));
        }

        int hour() {
            return secondOfDay / 3600;
        }

        int hour12() {
            int h = hour() % 12;
            return h == 0 ? 12 : h;
        }

        int minute() {
            return secondOfDay / 60 % 60;
        }

        int second() {
            return secondOfDay % 60;
        }
    }

    private final Part[] parts;
    private final boolean bySecond;
    private volatile @Nullable Second last;

    private TimeFormat(List<Part> parts, boolean bySecond) {
        this.parts = parts.toArray(Part[]::new);
        this.bySecond = bySecond;
    }

    void write(long epochNanos, ByteBuf out) {
        if (!bySecond) {
            render(epochNanos, out);
            return;
        }
        long seconds = Math.floorDiv(epochNanos, 1_000_000_000L);
        Second s = last;
        if (s == null || s.seconds() != seconds) {
            s = second(seconds);
            last = s;
        }
        out.writeBytes(s.text());
        Out.padded(out, Math.floorMod(epochNanos, 1_000_000_000L) / 1_000_000, 3, '0');
        out.writeByte('Z');
    }

    private Second second(long seconds) {
        ByteBuf text = Unpooled.buffer(32);
        render(seconds * 1_000_000_000L, text);
        byte[] bytes = new byte[text.readableBytes() - MILLIS_AND_ZONE];
        text.readBytes(bytes);
        return new Second(seconds, bytes);
    }

    private void render(long epochNanos, ByteBuf out) {
        Civil t = Civil.of(epochNanos);
        for (Part p : parts) {
            p.write(t, out);
        }
    }

    /** @throws IllegalArgumentException naming the conversion that is not known */
    static TimeFormat compile(String format) {
        List<Part> parts = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                literal.append(c);
                continue;
            }
            char k = format.charAt(++i);
            if (k == '%' || k == 'n' || k == 't') {
                literal.append(k == '%' ? '%' : k == 'n' ? '\n' : '\t');
                continue;
            }
            flush(literal, parts);
            if (k >= '1' && k <= '9' && i + 1 < format.length() && format.charAt(i + 1) == 'f') {
                parts.add(fraction(k - '0'));
                i++;
            } else if (k == 'E' && i + 1 < format.length()) {
                String rest = format.substring(i + 1);
                if (rest.startsWith("z")) {
                    parts.add((t, out) -> ByteBufUtil.writeAscii(out, "+00:00"));
                    i++;
                } else if (rest.length() > 1 && (rest.charAt(1) == 'S' || rest.charAt(1) == 'f')) {
                    if (rest.charAt(1) == 'S') {
                        parts.add((t, out) -> Out.padded(out, t.second(), 2, '0'));
                    }
                    i += 2;
                    fractionOfSeconds(rest.charAt(0), rest.charAt(1) == 'S', format, parts);
                } else {
                    throw unknown("%E" + rest, format);
                }
            } else {
                parts.add(conversion(k, format));
            }
        }
        flush(literal, parts);
        return new TimeFormat(parts, format.equals(DEFAULT_FORMAT));
    }

    private static void fractionOfSeconds(char digits, boolean point, String format, List<Part> parts) {
        if (digits == '*') {
            parts.add((t, out) -> {
                int n = t.nanos();
                int width = 9;
                while (width > 0 && n % 10 == 0) {
                    n /= 10;
                    width--;
                }
                if (width > 0) {
                    if (point) {
                        out.writeByte('.');
                    }
                    Out.padded(out, n, width, '0');
                }
            });
        } else if (digits >= '1' && digits <= '9') {
            if (point) {
                parts.add((t, out) -> out.writeByte('.'));
            }
            parts.add(fraction(digits - '0'));
        } else if (digits != '0') {
            throw unknown("%E" + digits, format);
        }
    }

    private static Part fraction(int digits) {
        int divisor = 1;
        for (int i = digits; i < 9; i++) {
            divisor *= 10;
        }
        int by = divisor;
        return (t, out) -> Out.padded(out, t.nanos() / by, digits, '0');
    }

    private static Part conversion(char k, String format) {
        return switch (k) {
            case 'Y' -> (t, out) -> Out.number(out, t.year());
            case 'y' -> (t, out) -> Out.padded(out, t.year() % 100, 2, '0');
            case 'C' -> (t, out) -> Out.padded(out, t.year() / 100, 2, '0');
            case 'm' -> (t, out) -> Out.padded(out, t.month(), 2, '0');
            case 'd' -> (t, out) -> Out.padded(out, t.day(), 2, '0');
            case 'e' -> (t, out) -> Out.padded(out, t.day(), 2, ' ');
            case 'j' -> (t, out) -> Out.padded(out, t.dayOfYear(), 3, '0');
            case 'H' -> (t, out) -> Out.padded(out, t.hour(), 2, '0');
            case 'I' -> (t, out) -> Out.padded(out, t.hour12(), 2, '0');
            case 'M' -> (t, out) -> Out.padded(out, t.minute(), 2, '0');
            case 'S' -> (t, out) -> Out.padded(out, t.second(), 2, '0');
            case 'p' -> (t, out) -> ByteBufUtil.writeAscii(out, t.hour() < 12 ? "AM" : "PM");
            case 's' -> (t, out) -> Out.number(out, t.seconds());
            case 'b', 'h' -> (t, out) -> name(out, MONTHS[t.month() - 1], 3);
            case 'B' -> (t, out) -> name(out, MONTHS[t.month() - 1], 99);
            case 'a' -> (t, out) -> name(out, DAYS[t.weekday()], 3);
            case 'A' -> (t, out) -> name(out, DAYS[t.weekday()], 99);
            case 'w' -> (t, out) -> Out.number(out, t.weekday());
            case 'u' -> (t, out) -> Out.number(out, t.weekday() == 0 ? 7 : t.weekday());
            case 'z' -> (t, out) -> ByteBufUtil.writeAscii(out, "+0000");
            case 'Z' -> (t, out) -> ByteBufUtil.writeAscii(out, "UTC");
            case 'F' -> nested("%Y-%m-%d");
            case 'T' -> nested("%H:%M:%S");
            case 'R' -> nested("%H:%M");
            case 'D', 'x' -> nested("%m/%d/%y");
            case 'X' -> nested("%H:%M:%S");
            case 'r' -> nested("%I:%M:%S %p");
            case 'c' -> nested("%a %b %e %H:%M:%S %Y");
            default -> throw unknown("%" + k, format);
        };
    }

    private static Part nested(String format) {
        TimeFormat f = compile(format);
        return (t, out) -> {
            for (Part p : f.parts) {
                p.write(t, out);
            }
        };
    }

    private static void name(ByteBuf out, String name, int length) {
        for (int i = 0; i < Math.min(length, name.length()); i++) {
            out.writeByte(name.charAt(i));
        }
    }

    private static void flush(StringBuilder literal, List<Part> parts) {
        if (!literal.isEmpty()) {
            String text = literal.toString();
            literal.setLength(0);
            parts.add((t, out) -> ByteBufUtil.writeUtf8(out, text));
        }
    }

    private static IllegalArgumentException unknown(String conversion, String format) {
        return new IllegalArgumentException("time format \"" + format + "\": unknown conversion " + conversion
                + "; use strftime's, %1f to %9f, %E3S or %E*S");
    }
}
