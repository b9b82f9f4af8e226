package io.milepost.telemetry;

import io.milepost.telemetry.LogContext.Moment;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** When something happened, and how long it took. */
final class TimeOperators {
    private static final long MILLI = 1_000_000;

    private static final String LOCAL_TIME = "%Y-%m-%dT%H:%M:%S.%3f%z";

    private TimeOperators() {}

    static Operator start(@Nullable String format) {
        return time(format, false);
    }

    static Operator end(@Nullable String format) {
        return time(format, true);
    }

    static Operator localStart(@Nullable String format) {
        return time(format == null ? LOCAL_TIME : format, false);
    }

    static Operator localEnd(@Nullable String format) {
        return time(format == null ? LOCAL_TIME : format, true);
    }

    private static Operator time(@Nullable String format, boolean atEnd) {
        TimeFormat f = format == null || format.isEmpty() ? TimeFormat.DEFAULT : TimeFormat.compile(format);
        boolean plain = format == null || format.chars().allMatch(k -> k >= ' ' && k <= '~' && k != '"' && k != '\\');
        return (c, out, mode) -> {
            long at = c.startEpochNanos() + (atEnd ? c.durationNanos() : 0);
            if (plain) {
                if (mode == Out.Mode.JSON) {
                    out.writeByte('"');
                }
                f.write(at, out);
                if (mode == Out.Mode.JSON) {
                    out.writeByte('"');
                }
                return true;
            }
            ByteBuf scratch = Unpooled.buffer();
            f.write(at, scratch);
            return Operators.write(scratch.toString(StandardCharsets.UTF_8), -1, out, mode);
        };
    }

    /** Of all of it, in milliseconds. */
    static Operator duration() {
        return (c, out, mode) -> {
            Out.number(out, Math.max(0, c.durationNanos()) / MILLI);
            return true;
        };
    }

    /** From the first byte of the answer until it was passed on. */
    static Operator responseSending() {
        return between(Moment.UPSTREAM_FIRST_RECEIVED, Moment.RESPONSE_SENT, MILLI);
    }

    /** Milliseconds; absent where it did not happen. */
    static Operator sinceStart(Moment m) {
        return (c, out, mode) -> {
            long nanos = c.sinceStartNanos(m);
            if (nanos < 0) {
                return false;
            }
            Out.number(out, nanos / MILLI);
            return true;
        };
    }

    private static Operator between(@Nullable Moment from, @Nullable Moment to, long unit) {
        return (c, out, mode) -> {
            long start = from == null ? 0 : c.sinceStartNanos(from);
            long end = to == null ? c.durationNanos() : c.sinceStartNanos(to);
            if (start < 0 || end < start) {
                return false;
            }
            Out.number(out, (end - start) / unit);
            return true;
        };
    }

    /** COMMON_DURATION, by its argument. */
    static Operator between(String argument) {
        String[] p = argument.split(":", -1);
        if (p.length != 3) {
            throw Operators.problem("COMMON_DURATION", "needs start:end:unit, as in DS_RX_BEG:US_RX_BEG:ms");
        }
        long unit = switch (p[2]) {
            case "ms" -> MILLI;
            case "us" -> 1_000;
            case "ns" -> 1;
            default -> throw Operators.problem("COMMON_DURATION", "has the unit \"" + p[2] + "\"; use ms, us or ns");
        };
        return between(point(p[0]), point(p[1]), unit);
    }

    /** Null is the start of the request. */
    private static @Nullable Moment point(String name) {
        return switch (name) {
            case "DS_RX_BEG" -> null;
            case "DS_RX_END" -> Moment.REQUEST_RECEIVED;
            case "US_TX_BEG" -> Moment.UPSTREAM_FIRST_SENT;
            case "US_TX_END" -> Moment.UPSTREAM_LAST_SENT;
            case "US_RX_BEG" -> Moment.UPSTREAM_FIRST_RECEIVED;
            case "US_RX_END" -> Moment.UPSTREAM_LAST_RECEIVED;
            case "DS_TX_BEG" -> Moment.RESPONSE_FIRST_SENT;
            case "DS_TX_END" -> Moment.RESPONSE_SENT;
            default -> throw Operators.problem("COMMON_DURATION", "does not know the point in time \"" + name + "\"");
        };
    }
}
