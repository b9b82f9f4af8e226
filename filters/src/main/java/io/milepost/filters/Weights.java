package io.milepost.filters;

/** Weights of endpoints as shares of 1. */
final class Weights {
    private Weights() {}

    static double[] normalise(double[] weights) {
        double sum = 0;
        for (double w : weights) {
            sum += w;
        }
        double[] n = new double[weights.length];
        for (int i = 0; i < n.length; i++) {
            n[i] = sum == 0 ? 1.0 / n.length : weights[i] / sum;
        }
        return n;
    }
}
