package io.milepost.bench.run;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All that was measured, in the order in which it was first seen. */
public final class Rounds {
    private final Map<Metric, Map<Side, List<Double>>> values = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    public void add(Metric metric, Side side, double value) {
        values.computeIfAbsent(metric, m -> new EnumMap<>(Side.class))
                .computeIfAbsent(side, s -> new ArrayList<>())
                .add(value);
    }

    /** Something a reader must know of this run. */
    public void note(String text) {
        notes.add(text);
    }

    public List<String> notes() {
        return List.copyOf(notes);
    }

    public List<Metric> metrics() {
        return List.copyOf(values.keySet());
    }

    /** In the order of the rounds; empty when it was not measured. */
    public List<Double> of(Metric metric, Side side) {
        Map<Side, List<Double>> sides = values.get(metric);
        List<Double> out = sides == null ? null : sides.get(side);
        return out == null ? List.of() : List.copyOf(out);
    }
}
