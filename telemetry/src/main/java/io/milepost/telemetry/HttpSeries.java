package io.milepost.telemetry;

import java.util.concurrent.atomic.LongAdder;

/** Metrics of HTTP exchanges with one set of labels. Any thread may count. */
public final class HttpSeries {
    final LongAdder requests = new LongAdder();
    final Histogram duration = new Histogram();
    final Histogram requestBytes = new Histogram();
    final Histogram responseBytes = new Histogram();
    final String labels;

    HttpSeries(String labels) {
        this.labels = labels;
    }

    /** One exchange has ended. Sizes are of heads and bodies as they were on the wire downstream. */
    public void record(long durationMillis, long requestSize, long responseSize) {
        requests.increment();
        duration.record(durationMillis);
        requestBytes.record(requestSize);
        responseBytes.record(responseSize);
    }
}
