package io.milepost.ztunnel.proxy;

import org.jspecify.annotations.Nullable;

/** Tells a report what moves; bytes that come before there is one are added to it. */
final class Counting implements Splice.Observer {
    private final Runnable onEnd;
    private @Nullable ConnectionReport report;
    private int early;

    /** @param onEnd called once, before the report is completed */
    Counting(Runnable onEnd) {
        this.onEnd = onEnd;
    }

    void report(ConnectionReport value) {
        report = value;
        value.fromClient(early);
    }

    @Override
    public void fromClient(int bytes) {
        ConnectionReport r = report;
        if (r == null) {
            early += bytes;
        } else {
            r.fromClient(bytes);
        }
    }

    @Override
    public void toClient(int bytes) {
        ConnectionReport r = report;
        if (r != null) {
            r.toClient(bytes);
        }
    }

    @Override
    public void ended() {
        onEnd.run();
        ConnectionReport r = report;
        if (r != null) {
            r.complete();
        }
    }
}
