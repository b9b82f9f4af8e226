package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeFormatTest {
    private static String write(TimeFormat f, Instant t) {
        ByteBuf b = Unpooled.buffer();
        f.write(t.getEpochSecond() * 1_000_000_000 + t.getNano(), b);
        return b.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void everyDayIsJavas() {
        TimeFormat f = TimeFormat.compile("%Y-%m-%d %a %H:%M:%S.%9f %j");
        DateTimeFormatter java = DateTimeFormatter.ofPattern("yyyy-MM-dd EEE HH:mm:ss.SSSSSSSSS ", Locale.ENGLISH);
        OffsetDateTime t = OffsetDateTime.parse("1899-12-31T23:59:58.000000007Z");
        for (; t.getYear() < 2260; t = t.plusSeconds(86_401)) {
            int day = t.getDayOfYear();
            String padded = (day < 10 ? "00" : day < 100 ? "0" : "") + day;
            assertThat(write(f, t.toInstant())).isEqualTo(java.format(t) + padded);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "%E*S ~ 04.5",
                "%E*f ~ 5",
                "%E0S ~ 04",
                "%Ez ~ +00:00",
                "%I:%M %p ~ 01:03 PM",
                "%D %R %T ~ 02/29/24 13:03 13:03:04",
                "%y %C %u %w ~ 24 20 4 4",
                "%% ~ %",
                "%A %B %e ~ Thursday February 29",
                "%c ~ Thu Feb 29 13:03:04 2024",
            })
    void conversions(String format, String expected) {
        assertThat(write(TimeFormat.compile(format), Instant.parse("2024-02-29T13:03:04.500Z")))
                .isEqualTo(expected);
    }

    @Test
    void theDefaultFollowsTheClockWithinASecondAndPastIt() {
        assertThat(write(TimeFormat.DEFAULT, Instant.parse("2026-11-21T23:59:59.001Z")))
                .isEqualTo("2026-11-21T23:59:59.001Z");
        assertThat(write(TimeFormat.DEFAULT, Instant.parse("2026-11-21T23:59:59.999999Z")))
                .isEqualTo("2026-11-21T23:59:59.999Z");
        assertThat(write(TimeFormat.DEFAULT, Instant.parse("2026-11-22T00:00:00Z")))
                .isEqualTo("2026-11-22T00:00:00.000Z");
        assertThat(write(TimeFormat.DEFAULT, Instant.parse("1969-12-31T23:59:59.500Z")))
                .isEqualTo("1969-12-31T23:59:59.500Z");
    }
}
