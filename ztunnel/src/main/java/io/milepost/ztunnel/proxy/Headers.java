package io.milepost.ztunnel.proxy;

import io.milepost.hbone.wire.Baggage;
import io.milepost.mesh.Workload;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** Headers of a CONNECT. */
final class Headers {
    private Headers() {}

    /** Who a workload is. */
    static String baggage(Workload w) {
        return new Baggage(
                        w.cluster(),
                        w.namespace(),
                        w.workloadType(),
                        w.workloadName(),
                        w.canonicalName(),
                        w.canonicalRevision(),
                        w.locality().region(),
                        w.locality().zone())
                .format();
    }

    /** A new trace per connection, not sampled. */
    static String traceparent() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        HexFormat hex = HexFormat.of();
        // The lowest bit is set: ids of zeros only are invalid.
        return "00-" + hex.toHexDigits(random.nextLong()) + hex.toHexDigits(random.nextLong() | 1) + "-"
                + hex.toHexDigits(random.nextLong() | 1) + "-00";
    }
}
