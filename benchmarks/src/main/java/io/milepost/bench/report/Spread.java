package io.milepost.bench.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What several rounds say together.
 *
 * @param lowQuartile a quarter of the rounds lies below it
 */
public record Spread(double median, double low, double high, double lowQuartile, double highQuartile, int rounds) {
    /** Of values in any order; there must be one. */
    public static Spread of(List<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("no rounds");
        }
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return new Spread(
                quantile(sorted, 0.5),
                sorted.getFirst(),
                sorted.getLast(),
                quantile(sorted, 0.25),
                quantile(sorted, 0.75),
                sorted.size());
    }

    /** Of the quotients of rounds that were run one after the other. */
    public static Spread ofRatios(List<Double> numerators, List<Double> denominators) {
        List<Double> out = new ArrayList<>();
        for (int i = 0; i < Math.min(numerators.size(), denominators.size()); i++) {
            // A denominator of 0 is a clock that did not tick: the quotient says nothing.
            if (denominators.get(i) > 0) {
                out.add(numerators.get(i) / denominators.get(i));
            }
        }
        return out.isEmpty() ? of(List.of(Double.NaN)) : of(out);
    }

    private static double quantile(List<Double> sorted, double q) {
        double at = q * (sorted.size() - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (at - below) * (sorted.get(above) - sorted.get(below));
    }
}
