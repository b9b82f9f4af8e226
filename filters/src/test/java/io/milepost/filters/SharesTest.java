package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.RouteAction.Mirror;
import io.milepost.mesh.RouteRule.Fault;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongPredicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Shares by chance lie within 4.5 standard deviations of the binomial distribution; 0 and all are exact. */
class SharesTest {
    private static final int THROWS = 100_000;

    private final SplittableRandom random = new SplittableRandom(20240611);

    private static void assertShare(int got, double share) {
        double deviation = Math.sqrt(THROWS * share * (1 - share));
        assertThat((double) got).isBetween(THROWS * share - 4.5 * deviation, THROWS * share + 4.5 * deviation);
    }

    private int count(LongPredicate hit) {
        int n = 0;
        for (int i = 0; i < THROWS; i++) {
            n += hit.test(random.nextLong()) ? 1 : 0;
        }
        return n;
    }

    /** Subsets, versions and services of a rule: all are its backends. */
    @ParameterizedTest
    @CsvSource({"1,3,6", "0,5,5", "1,1,999998", "90,10,0", "1000000,1,1"})
    void weights(int a, int b, int c) {
        int[] weights = {a, b, c};
        WeightedPick pick = new WeightedPick(weights);
        int[] hits = new int[3];
        for (int i = 0; i < THROWS; i++) {
            hits[pick.pick(random.nextLong())]++;
        }
        double sum = (double) a + b + c;
        for (int i = 0; i < 3; i++) {
            assertShare(hits[i], weights[i] / sum);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1_000, 100_000, 500_000, 999_999, 1_000_000})
    void mirrorsAndFaults(int perMillion) {
        double share = perMillion / 1e6;
        assertShare(count(r -> ForwardPlan.mirrors(new Mirror("m", perMillion), r)), share);
        FaultPolicy f = new FaultPolicy(new Fault(
                Optional.of(new Fault.Delay(5, perMillion)), Optional.of(new Fault.Abort(503, -1, perMillion))));
        assertShare(count(r -> f.delayMillis(r) > 0), share);
        assertShare(count(r -> f.abort(r) != null), share);
    }
}
