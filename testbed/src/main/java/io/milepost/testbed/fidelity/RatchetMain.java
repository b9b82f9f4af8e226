package io.milepost.testbed.fidelity;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Plays all cases, with and without HBONE to the pods, and rewrites ratchet.txt: {@code RatchetMain DIRECTORY [CASE...]}. With cases named, it only prints what differs there. A case in which
 * something fails is played up to three times: what passed once is not listed (a loaded machine makes requests fail, never pass). If chance decides by design, the case is listed whole. The system
 * property {@code milepost.fidelity.run} takes {@code plain} or {@code hbone} for one of the two runs only; then nothing is written.
 */
public final class RatchetMain {
    private static final int PLAYS = 3;

    private final Path directory;
    private final Differences better;
    private final FidelityWorld world;
    private final WaypointUnderTest waypoint;
    private final PrintStream out;
    private final Map<String, Long> times = new HashMap<>();
    private int passed;
    private int total;

    private RatchetMain(Path directory, FidelityWorld world, WaypointUnderTest waypoint, PrintStream out)
            throws Exception {
        this.directory = directory;
        this.better = Differences.load(directory);
        this.world = world;
        this.waypoint = waypoint;
        this.out = out;
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            System.err.println("usage: RatchetMain DIRECTORY [CASE...]   (DIRECTORY is conformance/fidelity)");
            System.exit(2);
        }
        WaypointUnderTest waypoint = WaypointUnderTest.find()
                .orElseThrow(() -> new IllegalStateException(
                        "no waypoint to test: put one on the class path or its command line into MILEPOST"));
        try (FidelityWorld world = FidelityWorld.start(Files.createTempDirectory("fidelity"))) {
            RatchetMain main = new RatchetMain(Path.of(args[0]), world, waypoint, System.out);
            Set<String> only = new TreeSet<>(List.of(args).subList(1, args.length));
            Ratchet before = Ratchet.load(main.directory);
            Ratchet after = new Ratchet();
            String one = System.getProperty("milepost.fidelity.run", "");
            if (!one.equals("hbone")) {
                main.run(false, only, before, after);
            }
            if (!one.equals("plain")) {
                main.run(true, only, before, after);
            }
            if (only.isEmpty() && one.isEmpty()) {
                after.save(main.directory);
            }
            System.out.println(main.passed + "/" + main.total + " outcomes as wanted");
            System.out.println("slowest cases, in ms: " + main.slowest());
        }
        System.exit(0);
    }

    private List<Map.Entry<String, Long>> slowest() {
        return times.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(12)
                .toList();
    }

    private void run(boolean hboneRun, Set<String> only, Ratchet before, Ratchet after) throws Exception {
        for (FidelityCase c : FidelityCase.loadAll(directory, hboneRun)) {
            if (!only.isEmpty() && !only.contains(c.name())) {
                continue;
            }
            String name = Ratchet.name(c, hboneRun);
            Set<Integer> failed = new TreeSet<>(failures(c, hboneRun, name));
            for (int i = 1; i < PLAYS && !failed.isEmpty() && only.isEmpty(); i++) {
                failed.retainAll(failures(c, hboneRun, name));
            }
            total += c.requests().size();
            passed += c.requests().size() - failed.size();
            if (failed.stream().anyMatch(i -> c.requests().get(i).random())) {
                String known = before.rule(name, Ratchet.ALL);
                after.put(name, Ratchet.ALL, known == null ? c.rule() : known);
                continue;
            }
            for (int i : failed) {
                String request = c.requests().get(i).name();
                String known = before.rule(name, request);
                after.put(name, request, known == null ? c.rule() : known);
            }
        }
    }

    /** The places of the requests that failed; all of a case that couldn't be played at all. */
    private List<Integer> failures(FidelityCase c, boolean hboneRun, String name) {
        List<Integer> failed = new ArrayList<>();
        long start = System.nanoTime();
        try {
            List<CaseRun.Outcome> outcomes = new CaseRun(world, waypoint, c, better, hboneRun).outcomes();
            for (int i = 0; i < outcomes.size(); i++) {
                if (!outcomes.get(i).passed()) {
                    failed.add(i);
                    String problems = String.join("; ", outcomes.get(i).problems());
                    out.println(name + " | " + c.requests().get(i).name() + " | "
                            + problems.substring(0, Math.min(4000, problems.length())));
                }
            }
        } catch (Exception e) {
            out.println(name + " | * | " + e);
            for (int i = 0; i < c.requests().size(); i++) {
                failed.add(i);
            }
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        out.println("# " + name + ": " + (c.requests().size() - failed.size()) + "/"
                + c.requests().size() + " in " + millis + " ms");
        times.put(name, millis);
        return failed;
    }
}
