package io.milepost.filters;

import io.milepost.mesh.PathMatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the rules whose exact path or prefix may match, without looking at the others: one hash lookup for the whole
 * path and one for each length that some prefix has. It gives candidates; the rule itself decides.
 */
final class PathIndex {
    private static final int EXACT = 1 << 31;

    /** Distinct lengths of prefixes, ascending. */
    private final int[] lengths;

    private final int[] keys;
    private final int[][] lists;
    private final boolean[] used;
    private final int mask;

    private PathIndex(Map<Integer, List<Integer>> byHash, int[] lengths) {
        this.lengths = lengths;
        int capacity = Integer.highestOneBit(Math.max(8, byHash.size() * 2)) * 2;
        mask = capacity - 1;
        keys = new int[capacity];
        lists = new int[capacity][];
        used = new boolean[capacity];
        byHash.forEach((hash, rules) -> {
            int i = spread(hash) & mask;
            while (used[i]) {
                i = (i + 1) & mask;
            }
            used[i] = true;
            keys[i] = hash;
            lists[i] = rules.stream().mapToInt(Integer::intValue).toArray();
        });
    }

    private static int spread(int h) {
        int x = h * 0x9E3779B9;
        return x ^ (x >>> 16);
    }

    private int @Nullable [] find(int hash) {
        for (int i = spread(hash) & mask; used[i]; i = (i + 1) & mask) {
            if (keys[i] == hash) {
                return lists[i];
            }
        }
        return null;
    }

    /** Prefixes and exact paths of equal text must not share a list by accident only; a bit tells them apart. */
    private static int key(int hash, int length, boolean exact) {
        int h = hash * 31 + length;
        return exact ? h | EXACT : h & ~EXACT;
    }

    static final class Builder {
        private final Map<Integer, List<Integer>> byHash = new HashMap<>();
        private final java.util.TreeSet<Integer> lengths = new java.util.TreeSet<>();

        /** False when the match cannot be indexed. Rules are added in ascending order. */
        boolean add(PathMatch match, int rule) {
            String text;
            boolean exact = false;
            switch (match) {
                case PathMatch.Exact m
                when !m.ignoreCase() -> {
                    text = m.path();
                    exact = true;
                }
                case PathMatch.Prefix m when !m.ignoreCase() -> text = m.prefix();
                case PathMatch.SegmentPrefix m when !m.ignoreCase() -> text = PathMatcher.trimmed(m.prefix());
                default -> {
                    return false;
                }
            }
            byte[] b = text.getBytes(StandardCharsets.UTF_8);
            int h = 0;
            for (byte x : b) {
                h = 31 * h + x;
            }
            if (!exact) {
                lengths.add(b.length);
            }
            byHash.computeIfAbsent(key(h, b.length, exact), k -> new ArrayList<>())
                    .add(rule);
            return true;
        }

        PathIndex build() {
            return new PathIndex(
                    byHash, lengths.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    Cursor lookup(byte[] path, int offset, int length) {
        return new Cursor(this, path, offset, length);
    }

    /** Walks the lists of candidates; short-lived, so that the JIT keeps it off the heap. */
    static final class Cursor {
        private final PathIndex index;
        private final byte[] path;
        private final int offset;
        private final int length;
        private int step;
        private int at;
        private int hash;

        private Cursor(PathIndex index, byte[] path, int offset, int length) {
            this.index = index;
            this.path = path;
            this.offset = offset;
            this.length = length;
        }

        /** The next list of rule numbers in ascending order; null at the end. */
        int @Nullable [] next() {
            while (step < index.lengths.length && index.lengths[step] <= length) {
                int n = index.lengths[step++];
                hashTo(n);
                int[] list = index.find(key(hash, n, false));
                if (list != null) {
                    return list;
                }
            }
            if (step <= index.lengths.length) {
                step = index.lengths.length + 1;
                hashTo(length);
                return index.find(key(hash, length, true));
            }
            return null;
        }

        private void hashTo(int n) {
            while (at < n) {
                hash = 31 * hash + path[offset + at++];
            }
        }
    }
}
