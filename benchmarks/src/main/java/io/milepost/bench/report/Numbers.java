package io.milepost.bench.report;

import java.util.Locale;

/** Three significant digits, without exponents. */
final class Numbers {
    private Numbers() {}

    static String text(double v) {
        double a = Math.abs(v);
        if (Double.isNaN(v)) {
            return "-";
        }
        String format = a >= 100 ? "%,.0f" : a >= 10 ? "%.1f" : a >= 0.1 || a == 0 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, format, v);
    }

    static String text(Spread s) {
        return s.rounds() == 1
                ? text(s.median())
                : text(s.median()) + " [" + text(s.low()) + " .. " + text(s.high()) + "]";
    }
}
