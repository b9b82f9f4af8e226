package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How endpoints are ranked and weighed by where they are (localityLbSetting, trafficDistribution).
 *
 * @param weighted localities are weighed, not only ranked
 * @param distribute shares by locality, for clients of a locality; empty for none
 * @param ranked whether priorities are given at all
 * @param priorities labels ({@code key} or {@code key=value}) in which endpoints should be like the waypoint
 * @param failover region to region
 */
record LocalitySetting(
        boolean weighted,
        List<Distribute> distribute,
        boolean ranked,
        List<String> priorities,
        Map<String, String> failover) {
    static final LocalitySetting NONE = new LocalitySetting(false, List.of(), false, List.of(), Map.of());
    /** Nothing is written but outlier detection. */
    private static final LocalitySetting OUTLIERS = new LocalitySetting(false, List.of(), true, List.of(), Map.of());

    /** @param to locality pattern to percentage */
    record Distribute(String from, Map<String, Integer> to) {}

    /** Without a DestinationRule: only what the service itself asks for. */
    static LocalitySetting of(TrafficDistribution d) {
        return d == TrafficDistribution.ANY
                ? NONE
                : new LocalitySetting(true, List.of(), true, d.priorities(), Map.of());
    }

    /**
     * @param own of the DestinationRule, else of the mesh
     * @param outliers without outlier detection nobody would ever fail over, so no ranks are given
     */
    static LocalitySetting read(Fields own, boolean outliers) {
        if (!own.exists()) {
            return outliers ? OUTLIERS : NONE;
        }
        if (!own.bool("enabled", true)) {
            own.skip("distribute", "failover", "failoverPriority");
            return NONE;
        }
        ArrayList<Distribute> distribute = new ArrayList<>();
        for (Fields d : own.list("distribute")) {
            Map<String, Integer> to = new TreeMap<>();
            int total = 0;
            for (Map.Entry<String, String> e : d.map("to").entrySet()) {
                int share = percent(d, e.getValue());
                to.put(e.getKey(), share);
                total += share;
            }
            if (total != 100) {
                d.error("to", "adds up to " + total + ": the shares must add up to 100");
            }
            distribute.add(new Distribute(d.required("from"), to));
        }
        Map<String, String> failover = new TreeMap<>();
        for (Fields f : own.list("failover")) {
            failover.putIfAbsent(f.required("from"), f.required("to"));
        }
        List<String> priorities = own.texts("failoverPriority");
        if (!outliers && distribute.isEmpty() && (!failover.isEmpty() || !priorities.isEmpty())) {
            own.warn(
                    failover.isEmpty() ? "failoverPriority" : "failover",
                    "has no effect without outlierDetection: add it to the trafficPolicy");
        }
        boolean weighted = !distribute.isEmpty() || outliers && (own.has("failover") || own.has("failoverPriority"));
        return new LocalitySetting(weighted, distribute, outliers && distribute.isEmpty(), priorities, failover);
    }

    private static int percent(Fields d, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            d.error("to", "'" + text + "' is no whole number: write a percentage (" + e.getMessage() + ")");
            return 0;
        }
    }
}
