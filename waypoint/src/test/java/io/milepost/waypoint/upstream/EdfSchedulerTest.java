package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class EdfSchedulerTest {
    private static String turns(EdfScheduler s, int n) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < n; i++) {
            out.append(s.next());
        }
        return out.toString();
    }

    @Test
    @DisplayName("equal weights take turns in order")
    void equal() {
        assertThat(turns(new EdfScheduler(3, i -> 1), 7)).isEqualTo("0120120");
    }

    @Test
    @DisplayName("weights 3 and 1: due at 1/3, 2/3, then both at 1, the one set first before the other")
    void weighted() {
        EdfScheduler s = new EdfScheduler(2, i -> i == 0 ? 3 : 1);
        assertThat(turns(s, 4)).isEqualTo("0010");
        assertThat(turns(s, 400).chars().filter(c -> c == '1').count()).isBetween(99L, 101L);
    }

    @Test
    @DisplayName("the weight is asked at each turn: a busy entry comes less often")
    void changing() {
        double[] w = {1, 1};
        EdfScheduler s = new EdfScheduler(2, i -> w[i]);
        turns(s, 2);
        w[0] = 0.1;
        String t = turns(s, 12);
        assertThat(t.chars().filter(c -> c == '0').count()).isBetween(1L, 2L);
    }

    @Test
    @DisplayName("a rotation is as long as the weights need and holds each entry as often as its weight says")
    void rotation() {
        int[] r = EdfScheduler.rotation(new double[] {20, 80});
        assertThat(r).hasSize(5).containsOnlyOnce(0);
        assertThat(EdfScheduler.rotation(new double[] {1, 1, 1})).containsExactly(0, 1, 2);
        int[] fractions = EdfScheduler.rotation(new double[] {0.5, 1.25});
        long first = java.util.Arrays.stream(fractions).filter(i -> i == 0).count();
        assertThat((double) first / fractions.length).isBetween(0.285, 0.287);
    }

    @Test
    @DisplayName("no entries and entries without weight are no error")
    void odd() {
        assertThat(new EdfScheduler(0, i -> 1).next()).isEqualTo(-1);
        assertThat(new EdfScheduler(1, i -> 0).next()).isZero();
    }
}
