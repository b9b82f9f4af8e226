package io.milepost.testbed.fidelity;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The files beside the cases fit the cases. */
class FidelityFilesTest {
    @Test
    void differencesAreExactlyTheRequestsMarkedAsBetter() throws Exception {
        Set<String> marked = new HashSet<>();
        for (FidelityCase c : FidelityCase.loadAll(FidelitySuite.CASES, false)) {
            for (FidelityRequest r : c.requests()) {
                if (c.better(r)) {
                    marked.add(Differences.key(c.name(), r.name()));
                }
            }
        }
        assertThat(marked).hasSize(25);
        assertThat(Differences.load(FidelitySuite.CASES).keys()).isEqualTo(marked);
    }

    @Test
    void ratchetNamesOnlyWhatExists() throws Exception {
        Set<String> all = new HashSet<>();
        for (boolean hboneRun : new boolean[] {false, true}) {
            for (FidelityCase c : FidelityCase.loadAll(FidelitySuite.CASES, hboneRun)) {
                String name = Ratchet.name(c, hboneRun);
                all.add(Differences.key(name, Ratchet.ALL));
                c.requests().forEach(r -> all.add(Differences.key(name, r.name())));
            }
        }
        assertThat(all).containsAll(Ratchet.load(FidelitySuite.CASES).keys());
    }

    @Test
    void allCasesAreThereAndTheirMeshIsYaml() throws Exception {
        var cases = FidelityCase.loadAll(FidelitySuite.CASES, false);
        assertThat(cases).hasSize(118);
        assertThat(cases.stream().mapToInt(c -> c.requests().size()).sum()).isEqualTo(1755);
        for (FidelityCase c : cases) {
            for (String doc : c.mesh().split("\n---\n", -1)) {
                assertThat(Yamls.map(Yamls.load(doc))).as(c.name()).containsKeys("kind", "metadata");
            }
        }
    }
}
