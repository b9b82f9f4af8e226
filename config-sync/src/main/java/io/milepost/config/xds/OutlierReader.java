package io.milepost.config.xds;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.OutlierDetection;
import java.util.Optional;

/** Outlier detection; a detector that is not enforced is switched off. */
final class OutlierReader {
    private OutlierReader() {}

    static Optional<io.milepost.mesh.Cluster.OutlierDetection> read(Cluster c) {
        if (!c.hasOutlierDetection()) {
            return Optional.empty();
        }
        OutlierDetection o = c.getOutlierDetection();
        long base = o.hasBaseEjectionTime() ? Values.millis(o.getBaseEjectionTime()) : 30_000;
        return Optional.of(new io.milepost.mesh.Cluster.OutlierDetection(
                count(
                        Values.limit(o.hasEnforcingConsecutive5Xx(), o.getEnforcingConsecutive5Xx(), 100),
                        o.hasConsecutive5Xx(),
                        o.getConsecutive5Xx()),
                count(
                        Values.limit(
                                o.hasEnforcingConsecutiveGatewayFailure(),
                                o.getEnforcingConsecutiveGatewayFailure(),
                                0),
                        o.hasConsecutiveGatewayFailure(),
                        o.getConsecutiveGatewayFailure()),
                o.getSplitExternalLocalOriginErrors(),
                count(
                        Values.limit(
                                o.hasEnforcingConsecutiveLocalOriginFailure(),
                                o.getEnforcingConsecutiveLocalOriginFailure(),
                                100),
                        o.hasConsecutiveLocalOriginFailure(),
                        o.getConsecutiveLocalOriginFailure()),
                o.hasInterval() ? Values.millis(o.getInterval()) : 10_000,
                base,
                o.hasMaxEjectionTime() ? Values.millis(o.getMaxEjectionTime()) : Math.max(base, 300_000),
                Values.limit(o.hasMaxEjectionPercent(), o.getMaxEjectionPercent(), 10)));
    }

    private static int count(int enforcedPercent, boolean present, UInt32Value v) {
        return enforcedPercent == 0 ? 0 : Values.limit(present, v, 5);
    }
}
