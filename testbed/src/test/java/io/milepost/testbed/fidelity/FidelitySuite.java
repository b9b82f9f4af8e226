package io.milepost.testbed.fidelity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;

/** Makes one dynamic test per recorded request; the pods and the CA are started once for all test classes of the JVM. */
final class FidelitySuite {
    /** Where the cases are, seen from the module's directory; the system property moves it. */
    static final Path CASES = Path.of(System.getProperty("milepost.fidelity", "../conformance/fidelity"));

    private FidelitySuite() {}

    private static final class Shared {
        static final FidelityWorld WORLD;

        static {
            try {
                WORLD = FidelityWorld.start(Files.createTempDirectory("fidelity"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static FidelityWorld world() {
        return Shared.WORLD;
    }

    /** All cases as containers; without a waypoint on the class path only a test that says so, so that nothing is skipped in silence. */
    static List<DynamicNode> nodes(boolean hboneRun) throws IOException {
        Optional<WaypointUnderTest> waypoint = WaypointUnderTest.find();
        List<FidelityCase> cases = FidelityCase.loadAll(CASES, hboneRun);
        if (waypoint.isEmpty()) {
            return List.of(DynamicTest.dynamicTest(
                    "no waypoint on the class path: only the cases' files are checked",
                    () -> assertThat(cases).isNotEmpty()));
        }
        Differences better = Differences.load(CASES);
        Ratchet ratchet = Ratchet.load(CASES);
        List<DynamicNode> out = new ArrayList<>();
        for (FidelityCase c : cases) {
            CaseRun run = new CaseRun(world(), waypoint.get(), c, better, hboneRun);
            List<DynamicNode> tests = new ArrayList<>();
            tests.add(DynamicTest.dynamicTest("is played", () -> play(run, Ratchet.name(c, hboneRun), ratchet)));
            for (int i = 0; i < c.requests().size(); i++) {
                int at = i;
                tests.add(DynamicTest.dynamicTest(
                        c.requests().get(i).name(), () -> check(run, at, Ratchet.name(c, hboneRun), ratchet)));
            }
            out.add(DynamicContainer.dynamicContainer(c.name(), tests));
        }
        return out;
    }

    /** Plays the case; once more if something fails that the list does not know, and says what passed only then. */
    private static void play(CaseRun run, String name, Ratchet ratchet) throws Exception {
        boolean surprise = run.outcomes().stream()
                .anyMatch(o -> !o.passed()
                        && !ratchet.whole(name)
                        && ratchet.rule(name, o.request().name()) == null);
        if (surprise) {
            List<String> late = run.playAgain();
            if (!late.isEmpty()) {
                System.err.println(name + ": passed only when played again: " + late);
            }
        }
    }

    private static void check(CaseRun run, int at, String name, Ratchet ratchet) throws Exception {
        if (ratchet.whole(name)) {
            // Random outcomes: played for the sake of errors in the waypoint, not judged.
            run.outcomes();
            return;
        }
        FidelityRequest request = run.fidelityCase().requests().get(at);
        String rule = ratchet.rule(name, request.name());
        CaseRun.Outcome outcome = run.outcomes().get(at);
        if (rule == null) {
            assertThat(outcome.problems())
                    .as("%s | %s: got %s", name, request.name(), outcome.got())
                    .isEmpty();
        } else if (outcome.passed()) {
            fail("%s | %s passes now: take it off conformance/fidelity/ratchet.txt", name, request.name());
        }
    }
}
