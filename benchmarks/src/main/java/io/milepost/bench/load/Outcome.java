package io.milepost.bench.load;

import org.HdrHistogram.Histogram;

/**
 * One window of load.
 *
 * @param answers good answers
 * @param errors answers that were not good, and connections that broke
 * @param receivedBytes as they came out of the tunnels
 * @param sentBytes payload of the answered requests
 * @param latency in nanoseconds; in an open loop from the moment a request should have been sent
 */
public record Outcome(
        double seconds, long answers, long errors, long receivedBytes, long sentBytes, Histogram latency) {
    public double perSecond() {
        return answers / seconds;
    }

    /** A percentile in milliseconds. */
    public double millis(double percentile) {
        return latency.getTotalCount() == 0 ? 0 : latency.getValueAtPercentile(percentile) / 1e6;
    }
}
