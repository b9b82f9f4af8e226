package io.milepost.config.kube;

import java.util.Optional;

/** Durations as Go and protobuf write them. */
final class Durations {
    private Durations() {}

    static Optional<Long> parseMillis(String text) {
        double total = 0;
        int i = 0;
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.equals("0")) {
            return Optional.of(0L);
        }
        while (i < text.length()) {
            int start = i;
            while (i < text.length() && (Character.isDigit(text.charAt(i)) || text.charAt(i) == '.')) {
                i++;
            }
            int unitStart = i;
            while (i < text.length() && Character.isLetter(text.charAt(i))) {
                i++;
            }
            double unit = switch (text.substring(unitStart, i)) {
                case "h" -> 3_600_000;
                case "m" -> 60_000;
                case "s" -> 1_000;
                case "ms" -> 1;
                case "us", "µs" -> 0.001;
                case "ns" -> 0.000001;
                default -> -1;
            };
            if (unit < 0 || start == unitStart) {
                return Optional.empty();
            }
            try {
                total += Double.parseDouble(text.substring(start, unitStart)) * unit;
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
        return Optional.of(Math.round(total));
    }
}
