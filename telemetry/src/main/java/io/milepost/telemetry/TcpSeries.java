package io.milepost.telemetry;

import java.util.concurrent.atomic.LongAdder;

/** Counters of opaque connections with one set of labels. Any thread may count. */
public final class TcpSeries {
    final LongAdder opened = new LongAdder();
    final LongAdder closed = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder sent = new LongAdder();
    final LongAdder received = new LongAdder();
    final String labels;

    TcpSeries(String labels) {
        this.labels = labels;
    }

    public void opened() {
        opened.increment();
    }

    public void closed() {
        closed.increment();
    }

    public void failed() {
        failed.increment();
    }

    /** @param fromClient bytes since the last call, {@code toClient} likewise */
    public void bytes(long fromClient, long toClient) {
        received.add(fromClient);
        sent.add(toClient);
    }
}
