package io.milepost.config.xds;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects what was not understood, each thing once. */
final class Findings {
    private final Set<String> all = new LinkedHashSet<>();

    /**
     * @param where the resource, for example {@code listener main_internal, chain x}
     * @param what the field, what becomes of it and how it is mended
     */
    void add(String where, String what) {
        all.add(where + ": " + what);
    }

    void addAll(List<String> others) {
        all.addAll(others);
    }

    List<String> list() {
        return List.copyOf(all);
    }
}
