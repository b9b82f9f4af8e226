package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster.LoadBalancer.Warmup;

/** The share of its weight that a new host gets while it warms up. Envoy's formula; pure. */
final class SlowStart {
    private SlowStart() {}

    /**
     * Factor between the minimum and 1.
     *
     * @param ageMillis since the host was added (or came back from its ejection)
     */
    static double factor(Warmup w, long ageMillis) {
        if (w.millis() <= 0 || ageMillis >= w.millis()) {
            return 1;
        }
        double time = (double) Math.max(1, ageMillis) / w.millis();
        double grown = w.aggression() == 1 || w.aggression() <= 0 ? time : Math.pow(time, 1 / w.aggression());
        return Math.min(1, Math.max(grown, w.minimumPercent() / 100));
    }

    static boolean warming(Warmup w, long ageMillis) {
        return ageMillis < w.millis();
    }
}
