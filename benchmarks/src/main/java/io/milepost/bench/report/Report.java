package io.milepost.bench.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milepost.bench.run.Metric;
import io.milepost.bench.run.Rounds;
import io.milepost.bench.run.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table, the JSON file and the verdict of a run. */
public final class Report {
    private final Rounds rounds;
    private final Map<String, String> facts;

    public Report(Rounds rounds, Map<String, String> facts) {
        this.rounds = rounds;
        this.facts = facts;
    }

    Rounds rounds() {
        return rounds;
    }

    Map<String, String> facts() {
        return facts;
    }

    /** Lines of cells; the first is the heading. */
    List<List<String>> table() {
        List<List<String>> out = new ArrayList<>();
        out.add(List.of("load", "measured", "unit", "Milepost", "Envoy", "ratio", "floor"));
        String group = "";
        for (Metric m : rounds.metrics()) {
            List<Double> ours = rounds.of(m, Side.MILEPOST);
            List<Double> theirs = rounds.of(m, Side.ENVOY);
            List<Double> oneLoop = rounds.of(m, Side.ONE_LOOP);
            String other = theirs.isEmpty() && !oneLoop.isEmpty() ? "(1 loop) " + cell(oneLoop) : cell(theirs);
            List<Double> against = theirs.isEmpty() ? oneLoop : theirs;
            String ratio = ours.isEmpty() || against.isEmpty() ? "" : Numbers.text(Spread.ofRatios(ours, against));
            out.add(List.of(
                    m.group().equals(group) ? "" : m.group(),
                    m.name(),
                    m.unit(),
                    cell(ours),
                    other,
                    ratio,
                    cell(rounds.of(m, Side.FLOOR))));
            group = m.group();
        }
        return out;
    }

    private static String cell(List<Double> values) {
        return values.isEmpty() ? "" : Numbers.text(Spread.of(values));
    }

    /** Lines of cells about the targets. */
    List<List<String>> targets() {
        List<List<String>> out = new ArrayList<>();
        out.add(List.of("target", "of", "bound", "measured", "verdict"));
        for (Target t : Target.ALL) {
            Spread s = t.measured(rounds);
            out.add(List.of(
                    t.name(),
                    t.metric().group() + ": " + t.metric().name()
                            + (t.against() == null ? " (" + t.metric().unit() + ")" : " (ratio)"),
                    t.boundText(),
                    s == null ? "" : Numbers.text(s),
                    t.judged() || s == null
                            ? t.verdict(rounds).name().toLowerCase(Locale.ROOT).replace('_', ' ')
                            : "reported"));
        }
        return out;
    }

    /** For a terminal. */
    public String text() {
        StringBuilder out = new StringBuilder();
        facts.forEach((k, v) -> out.append(k).append(": ").append(v).append('\n'));
        rounds.notes().forEach(n -> out.append("note: ").append(n).append('\n'));
        out.append('\n').append(aligned(table())).append('\n').append(aligned(targets()));
        return out.toString();
    }

    private static String aligned(List<List<String>> lines) {
        int[] width = new int[lines.getFirst().size()];
        for (List<String> line : lines) {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], line.get(i).length());
            }
        }
        StringBuilder out = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder row = new StringBuilder();
            for (int i = 0; i < width.length; i++) {
                row.append(line.get(i)).repeat(' ', width[i] - line.get(i).length() + 2);
            }
            out.append(row.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }

    /** No target is missed by more than its noise. */
    public boolean passed() {
        return Target.ALL.stream().noneMatch(t -> t.verdict(rounds) == Target.Verdict.MISSED);
    }

    /** {@code ratios} with the promised names, further ones, verdicts, and every round. */
    public void writeJson(Path file) throws IOException {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode();
        facts.forEach(root.putObject("machine")::put);
        ObjectNode ratios = root.putObject("ratios");
        ObjectNode further = root.putObject("further");
        ObjectNode verdicts = root.putObject("targets");
        for (int i = 0; i < Target.ALL.size(); i++) {
            Target t = Target.ALL.get(i);
            Spread s = t.measured(rounds);
            if (s != null && !Double.isNaN(s.median())) {
                (i < Target.PROMISED ? ratios : further).put(t.name(), s.median());
                ObjectNode v = verdicts.putObject(t.name());
                v.put("median", s.median()).put("low", s.low()).put("high", s.high());
                v.put("low_quartile", s.lowQuartile()).put("high_quartile", s.highQuartile());
                v.put("rounds", s.rounds());
                if (t.judged()) {
                    v.put("bound", t.bound()).put("at_most", t.atMost());
                    v.put("verdict", t.verdict(rounds).name().toLowerCase(Locale.ROOT));
                }
            }
        }
        root.put("passed", passed());
        ArrayNode notes = root.putArray("notes");
        rounds.notes().forEach(notes::add);
        ArrayNode all = root.putArray("rounds");
        for (Metric m : rounds.metrics()) {
            ObjectNode one = all.addObject();
            one.put("load", m.group()).put("measured", m.name()).put("unit", m.unit());
            for (Side side : Side.values()) {
                List<Double> values = rounds.of(m, side);
                if (!values.isEmpty()) {
                    ArrayNode array = one.putArray(side.label());
                    values.forEach(array::add);
                }
            }
        }
        mapper.writeValue(file.toFile(), root);
    }
}
