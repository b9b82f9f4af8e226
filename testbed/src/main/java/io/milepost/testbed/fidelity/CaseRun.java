package io.milepost.testbed.fidelity;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.hbone.HboneTestConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One case against one waypoint: started, played and stopped when the first outcome is asked for. */
public final class CaseRun {
    /**
     * How one request ended.
     *
     * @param problems what is not as wanted; empty if all is
     */
    public record Outcome(FidelityRequest request, JsonNode got, List<String> problems) {
        public boolean passed() {
            return problems.isEmpty();
        }
    }

    private final FidelityWorld world;
    private final WaypointUnderTest waypoint;
    private final FidelityCase c;
    private final Differences differences;
    private final boolean hboneRun;
    private @Nullable List<Outcome> outcomes;
    private @Nullable Exception failure;

    public CaseRun(
            FidelityWorld world,
            WaypointUnderTest waypoint,
            FidelityCase c,
            Differences differences,
            boolean hboneRun) {
        this.world = world;
        this.waypoint = waypoint;
        this.c = c;
        this.differences = differences;
        this.hboneRun = hboneRun;
    }

    public FidelityCase fidelityCase() {
        return c;
    }

    /** The outcomes in the order of the requests. A case whose waypoint did not start fails each time it is asked. */
    public synchronized List<Outcome> outcomes() throws Exception {
        if (failure != null) {
            throw new IllegalStateException("case " + c.name() + " could not be played", failure);
        }
        List<Outcome> known = outcomes;
        if (known == null) {
            try {
                known = play();
            } catch (Exception e) {
                failure = e;
                throw e;
            }
            outcomes = known;
        }
        return known;
    }

    /**
     * Plays the case a second time and keeps, for each request that had failed, the better outcome: on a loaded machine answers come late, but never come right by chance.
     *
     * @return the names of the requests that passed only now
     */
    public synchronized List<String> playAgain() throws Exception {
        List<Outcome> first = outcomes();
        List<Outcome> second = play();
        List<Outcome> best = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        for (int i = 0; i < first.size(); i++) {
            boolean better = !first.get(i).passed() && second.get(i).passed();
            best.add(better ? second.get(i) : first.get(i));
            if (better) {
                changed.add(first.get(i).request().name());
            }
        }
        outcomes = List.copyOf(best);
        return changed;
    }

    private List<Outcome> play() throws Exception {
        Path dir = Files.createTempDirectory(world.directory(), c.name());
        c.writeConfig(dir.resolve("config"));
        Path logFile = Files.createFile(dir.resolve("access.log"));
        AccessLog log = new AccessLog(logFile, c.logsAll());
        TestCa.Leaf identity = world.ca().leaf("default", "waypoint");
        WaypointUnderTest.Launch launch = new WaypointUnderTest.Launch(
                dir.resolve("config"),
                "default/waypoint",
                BaseMesh.WAYPOINT_IP,
                world.ca().root(),
                identity.cert(),
                identity.key(),
                logFile);
        List<JsonNode> got;
        AutoCloseable running = waypoint.start(launch);
        try (HboneTestConnection _ = world.warm()) {
            log.rest(Duration.ofMillis(50));
            got = new CasePlayer(world, c, log).play();
        } finally {
            running.close();
        }
        List<Outcome> out = new ArrayList<>();
        for (int i = 0; i < got.size(); i++) {
            FidelityRequest r = c.requests().get(i);
            JsonNode want = c.better(r)
                    ? differences.expected(c.name(), r.name())
                    : c.wanted().get(i);
            out.add(new Outcome(r, got.get(i), Comparison.differences(r, want, got.get(i), hboneRun)));
        }
        return List.copyOf(out);
    }
}
