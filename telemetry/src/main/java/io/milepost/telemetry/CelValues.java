package io.milepost.telemetry;

import com.google.re2j.Pattern;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What operators and functions of expressions make of values: Boolean, Long, CharSequence, List, {@link CelMap}, Instant or
 * Duration. Null is CEL's error: it spreads. Pure.
 */
final class CelValues {
    private CelValues() {}

    /** A map is never printed, but counted and asked for names (asked of Envoy 1.40.0). */
    record CelMap(long size, Predicate<String> names) {
        static final CelMap EMPTY = new CelMap(0, name -> false);

        @Override
        public String toString() {
            return "CelMap value";
        }
    }

    static @Nullable Object compare(@Nullable Object a, @Nullable Object b, String op) {
        if (a == null || b == null) {
            return null;
        }
        int order;
        if (a instanceof Long x && b instanceof Long y) {
            order = Long.compare(x, y);
        } else if (a instanceof CharSequence x && b instanceof CharSequence y) {
            order = CharSequence.compare(x, y);
        } else if (a instanceof Boolean x && b instanceof Boolean y) {
            order = Boolean.compare(x, y);
        } else if (a instanceof Instant x && b instanceof Instant y) {
            order = x.compareTo(y);
        } else if (a instanceof Duration x && b instanceof Duration y) {
            order = x.compareTo(y);
        } else {
            return op.equals("==") ? (Object) false : op.equals("!=") ? (Object) true : null;
        }
        return switch (op) {
            case "==" -> order == 0;
            case "!=" -> order != 0;
            case "<=" -> order <= 0;
            case ">=" -> order >= 0;
            case "<" -> order < 0;
            default -> order > 0;
        };
    }

    static @Nullable Object contains(@Nullable Object in, @Nullable Object value) {
        if (in instanceof CelMap m && value instanceof CharSequence name) {
            return m.names().test(name.toString());
        }
        if (value == null || !(in instanceof List<?> l)) {
            return null;
        }
        for (Object o : l) {
            if (Boolean.TRUE.equals(compare(value, o, "=="))) {
                return true;
            }
        }
        return false;
    }

    static @Nullable Object size(@Nullable Object of) {
        return switch (of) {
            case CharSequence s -> (long) s.length();
            case List<?> l -> (long) l.size();
            case CelMap m -> m.size();
            case null, default -> null;
        };
    }

    static @Nullable Object matches(@Nullable Object text, Pattern p) {
        return text instanceof CharSequence s ? (Object) p.matcher(s).find() : null;
    }

    /**
     * What a point or span of time is asked for, by the name of CEL's function; of a point in time months and days count from 0
     * but for {@code getDate}.
     */
    static @Nullable Object part(@Nullable Object time, String function, ZoneId zone) {
        return switch (time) {
            case Instant i -> part(i.atZone(zone), function);
            case Duration d -> part(d, function);
            case null, default -> null;
        };
    }

    private static @Nullable Object part(ZonedDateTime t, String function) {
        return switch (function) {
            case "getFullYear" -> (long) t.getYear();
            case "getMonth" -> t.getMonthValue() - 1L;
            case "getDayOfMonth" -> t.getDayOfMonth() - 1L;
            case "getDate" -> (long) t.getDayOfMonth();
            case "getDayOfWeek" -> t.getDayOfWeek().getValue() % 7L;
            case "getDayOfYear" -> t.getDayOfYear() - 1L;
            case "getHours" -> (long) t.getHour();
            case "getMinutes" -> (long) t.getMinute();
            case "getSeconds" -> (long) t.getSecond();
            case "getMilliseconds" -> t.getNano() / 1_000_000L;
            default -> null;
        };
    }

    private static @Nullable Object part(Duration d, String function) {
        return switch (function) {
            case "getHours" -> d.toHours();
            case "getMinutes" -> d.toMinutes();
            case "getSeconds" -> d.toSeconds();
            case "getMilliseconds" -> (long) d.toMillisPart();
            default -> null;
        };
    }

    static boolean isPartOfTime(String function) {
        return switch (function) {
            case "getFullYear",
                    "getMonth",
                    "getDayOfMonth",
                    "getDate",
                    "getDayOfWeek",
                    "getDayOfYear",
                    "getHours",
                    "getMinutes",
                    "getSeconds",
                    "getMilliseconds" -> true;
            default -> false;
        };
    }

    /**
     * {@code America/New_York} or {@code +02:00}; empty is UTC.
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    static ZoneId zone(String name) {
        try {
            return name.isEmpty() ? ZoneOffset.UTC : ZoneId.of(name);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("\"" + name + "\" is no time zone, as Europe/Berlin or +02:00 is", e);
        }
    }
}
