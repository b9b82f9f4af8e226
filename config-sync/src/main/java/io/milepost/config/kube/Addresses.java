package io.milepost.config.kube;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Addresses for plain YAML that has none, by a rule that every process computes alike: a hash of namespace and name
 * inside a range, the next free one when it is taken. Names are served in sorted order, addresses that were written
 * down are never given away.
 */
final class Addresses {
    private Addresses() {}

    /** Services: 10.96.0.0/16, as most clusters have it. */
    static Map<String, String> services(Set<String> keys, Set<String> taken) {
        return assign(keys, taken, 10 << 24 | 96 << 16, 1 << 16);
    }

    /** Hosts of ServiceEntries without addresses: Istio's own range, 240.240.0.0/16. */
    static Map<String, String> externals(Set<String> keys, Set<String> taken) {
        return assign(keys, taken, 240 << 24 | 240 << 16, 1 << 16);
    }

    /** Pods: 127.64.0.0/10, since Linux answers on all of 127/8 without any setup. */
    static Map<String, String> pods(Set<String> keys, Set<String> taken) {
        return assign(keys, taken, 127 << 24 | 64 << 16, 1 << 22);
    }

    private static Map<String, String> assign(Set<String> keys, Set<String> taken, int base, int size) {
        Set<String> used = new HashSet<>(taken);
        Map<String, String> out = new TreeMap<>();
        for (String key : new TreeSet<>(keys)) {
            int offset = Math.floorMod(hash(key), size);
            for (int tries = 0; tries < size; tries++) {
                int candidate = (offset + tries) % size;
                int last = candidate & 0xFF;
                if (last == 0 || last == 255) {
                    continue;
                }
                String text = text(base | candidate);
                if (used.add(text)) {
                    out.put(key, text);
                    break;
                }
            }
        }
        return out;
    }

    /** FNV-1a with a final mix: String.hashCode would put neighbours next to each other. */
    private static int hash(String s) {
        int h = 0x811C9DC5;
        for (int i = 0; i < s.length(); i++) {
            h = (h ^ s.charAt(i)) * 0x01000193;
        }
        h ^= h >>> 16;
        h *= 0x7FEB352D;
        return h ^ h >>> 15;
    }

    private static String text(int ip) {
        return (ip >>> 24) + "." + (ip >>> 16 & 0xFF) + "." + (ip >>> 8 & 0xFF) + "." + (ip & 0xFF);
    }
}
