package io.milepost.filters;

import io.milepost.mesh.Cluster.LoadBalancer.Ring;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A consistent-hash ring, point by point as Envoy builds it (Ketama with xxHash64), so that the same key reaches the
 * same endpoint. Immutable; build it once per set of endpoints.
 */
public final class RingHash {
    /** Envoy's bounds. */
    private static final long DEFAULT_MINIMUM = 1024;

    private static final long DEFAULT_MAXIMUM = 8L * 1024 * 1024;

    private final long[] points;
    private final int[] hosts;

    private RingHash(long[] points, int[] hosts) {
        this.points = points;
        this.hosts = hosts;
    }

    /** Envoy's sizes when nothing is configured. */
    public static Ring defaultSize() {
        return new Ring(DEFAULT_MINIMUM, DEFAULT_MAXIMUM);
    }

    /**
     * Builds a ring.
     *
     * @param keys of the endpoints, as Envoy names them: {@code 10.1.2.3:9080}
     * @param weights of the endpoints, same order
     */
    public static RingHash build(List<String> keys, double[] weights, Ring size) {
        double[] normal = Weights.normalise(weights);
        double smallest = Arrays.stream(normal).min().orElse(1);
        double scale = Math.min(Math.ceil(smallest * size.minimumSize()) / smallest, (double) size.maximumSize());
        int capacity = (int) Math.ceil(scale);
        long[] hash = new long[capacity + keys.size()];
        int[] host = new int[hash.length];
        int n = 0;
        double target = 0;
        double current = 0;
        for (int k = 0; k < keys.size(); k++) {
            byte[] prefix = (keys.get(k) + "_").getBytes(StandardCharsets.UTF_8);
            target += scale * normal[k];
            for (long i = 0; current < target && n < hash.length; i++, current++) {
                byte[] number = Long.toString(i).getBytes(StandardCharsets.US_ASCII);
                byte[] key = Arrays.copyOf(prefix, prefix.length + number.length);
                System.arraycopy(number, 0, key, prefix.length, number.length);
                hash[n] = XxHash64.hash(key, 0, key.length, 0);
                host[n++] = k;
            }
        }
        return sorted(hash, host, n);
    }

    private static RingHash sorted(long[] hash, int[] host, int n) {
        Integer[] order = new Integer[n];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compareUnsigned(hash[a], hash[b]));
        long[] points = new long[n];
        int[] hosts = new int[n];
        for (int i = 0; i < n; i++) {
            points[i] = hash[order[i]];
            hosts[i] = host[order[i]];
        }
        return new RingHash(points, hosts);
    }

    /**
     * Index of the endpoint for a key; -1 when there is none.
     *
     * @param attempt 0 for the first try; further ones walk along the ring to other endpoints
     */
    public int pick(long key, int attempt) {
        int n = points.length;
        if (n == 0) {
            return -1;
        }
        int low = 0;
        int high = n;
        while (low < high) {
            int mid = (low + high) >>> 1;
            if (Long.compareUnsigned(points[mid], key) < 0) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        return hosts[(low + attempt) % n];
    }

    /** Number of points. */
    public int size() {
        return points.length;
    }
}
