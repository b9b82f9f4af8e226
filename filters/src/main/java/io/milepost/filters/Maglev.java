package io.milepost.filters;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A maglev table, filled as Envoy fills it, so that the same key reaches the same endpoint. Immutable. */
public final class Maglev {
    /** Envoy's table size. */
    public static final int DEFAULT_SIZE = 65537;

    private final int[] table;

    private Maglev(int[] table) {
        this.table = table;
    }

    /**
     * Builds a table.
     *
     * @param keys of the endpoints, as Envoy names them: {@code 10.1.2.3:9080}
     * @param weights of the endpoints, same order
     * @param size a prime number
     */
    public static Maglev build(List<String> keys, double[] weights, int size) {
        if (keys.isEmpty()) {
            return new Maglev(new int[0]);
        }
        double[] normal = Weights.normalise(weights);
        double largest = Arrays.stream(normal).max().orElse(1);
        int n = keys.size();
        Integer[] order = new Integer[n];
        Arrays.setAll(order, i -> i);
        // Envoy sorts by the key, so that the table does not depend on the order in which endpoints arrive.
        Arrays.sort(order, (a, b) -> keys.get(a).compareTo(keys.get(b)));
        long[] offset = new long[n];
        long[] skip = new long[n];
        long[] next = new long[n];
        double[] target = new double[n];
        for (int i = 0; i < n; i++) {
            byte[] key = keys.get(order[i]).getBytes(StandardCharsets.UTF_8);
            offset[i] = Long.remainderUnsigned(XxHash64.hash(key, 0, key.length, 0), size);
            skip[i] = Long.remainderUnsigned(XxHash64.hash(key, 0, key.length, 1), size - 1L) + 1;
        }
        int[] table = new int[size];
        Arrays.fill(table, -1);
        int filled = 0;
        for (int iteration = 1; filled < size; iteration++) {
            for (int i = 0; i < n && filled < size; i++) {
                if (iteration * normal[order[i]] < target[i]) {
                    continue;
                }
                target[i] += largest;
                int c = (int) ((offset[i] + skip[i] * next[i]) % size);
                while (table[c] >= 0) {
                    next[i]++;
                    c = (int) ((offset[i] + skip[i] * next[i]) % size);
                }
                table[c] = order[i];
                next[i]++;
                filled++;
            }
        }
        return new Maglev(table);
    }

    /**
     * Index of the endpoint for a key; -1 when there is none.
     *
     * @param attempt 0 for the first try; further ones perturb the key so that another endpoint may come
     */
    public int pick(long key, int attempt) {
        if (table.length == 0) {
            return -1;
        }
        long k = attempt == 0 ? key : key ^ ~0L - attempt + 1;
        return table[(int) Long.remainderUnsigned(k, table.length)];
    }
}
