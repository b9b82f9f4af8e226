package io.milepost.waypoint.upstream;

/**
 * How much of the traffic each priority gets, and which priorities use unhealthy hosts too (panic). Envoy's
 * arithmetic: a priority is fully available while 1/1.4 of its hosts are usable; what it cannot take goes to the next.
 * Immutable.
 */
final class PriorityLoad {
    /** Percent; Envoy's default overprovisioning factor. */
    private static final int OVERPROVISIONING = 140;

    private final int[] percent;
    private final boolean[] panic;

    private PriorityLoad(int[] percent, boolean[] panic) {
        this.percent = percent;
        this.panic = panic;
    }

    /**
     * Computes the load.
     *
     * @param usable usable hosts by priority
     * @param total all hosts by priority
     * @param panicPercent below this share of usable hosts a priority panics; 0 never panics
     * @param excluded bits of priorities that earlier tries used; ignored when nothing else is available
     */
    static PriorityLoad of(int[] usable, int[] total, double panicPercent, long excluded) {
        int n = usable.length;
        int[] available = new int[n];
        int[] percent = new int[n];
        boolean[] panic = new boolean[n];
        int sum = availability(usable, total, excluded, available);
        if (sum == 0 && excluded != 0) {
            sum = availability(usable, total, 0, available);
        }
        sum = Math.min(100, sum);
        if (sum > 0) {
            distribute(available, sum, percent);
        }
        if (n == 0) {
            return new PriorityLoad(percent, panic);
        }
        if (panicPercent <= 0 && sum == 0) {
            percent[0] = 100;
            return new PriorityLoad(percent, panic);
        }
        boolean all = true;
        for (int i = 0; i < n; i++) {
            double healthy = total[i] == 0 ? 0 : 100.0 * usable[i] / total[i];
            panic[i] = sum < 100 && healthy < Math.min(100, panicPercent);
            all &= panic[i];
        }
        if (all) {
            byHostCount(total, percent);
        }
        return new PriorityLoad(percent, panic);
    }

    private static int availability(int[] usable, int[] total, long excluded, int[] available) {
        int sum = 0;
        for (int i = 0; i < usable.length; i++) {
            boolean out = i < 64 && (excluded >>> i & 1) != 0;
            available[i] =
                    out || total[i] == 0 ? 0 : (int) Math.min(100, (long) OVERPROVISIONING * usable[i] / total[i]);
            sum += available[i];
        }
        return sum;
    }

    private static void distribute(int[] available, int sum, int[] percent) {
        int left = 100;
        int first = -1;
        for (int i = 0; i < percent.length; i++) {
            if (first < 0 && available[i] > 0) {
                first = i;
            }
            percent[i] = Math.min(left, available[i] * 100 / sum);
            left -= percent[i];
        }
        if (first >= 0) {
            // What is left are rounding errors.
            percent[first] += left;
        }
    }

    /** Every priority panics: health says nothing, so the number of hosts decides. */
    private static void byHostCount(int[] total, int[] percent) {
        int hosts = 0;
        for (int t : total) {
            hosts += t;
        }
        if (hosts == 0) {
            percent[0] = 100;
            return;
        }
        int left = 100;
        int first = -1;
        for (int i = 0; i < percent.length; i++) {
            if (first < 0 && total[i] > 0) {
                first = i;
            }
            percent[i] = 100 * total[i] / hosts;
            left -= percent[i];
        }
        percent[first] += left;
    }

    /** The priority for a request; 0 when there are no priorities. */
    int choose(long hash) {
        if (percent.length <= 1) {
            return 0;
        }
        long at = Long.remainderUnsigned(hash, 100) + 1;
        int cumulative = 0;
        for (int i = 0; i < percent.length; i++) {
            cumulative += percent[i];
            if (at <= cumulative) {
                return i;
            }
        }
        return 0;
    }

    int percent(int priority) {
        return percent[priority];
    }

    boolean panic(int priority) {
        return panic[priority];
    }
}
