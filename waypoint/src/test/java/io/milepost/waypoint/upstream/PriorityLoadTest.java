package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of the tables in Envoy's manual, "Priority levels" and "Panic threshold". */
class PriorityLoadTest {
    private static int[] ints(String text) {
        return Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
    }

    private static String percents(PriorityLoad l, int n) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < n; i++) {
            s.append(i == 0 ? "" : " ").append(l.percent(i));
        }
        return s.toString();
    }

    @ParameterizedTest(name = "healthy {0} of 100 each, panic at {1} percent: load {2}")
    @CsvSource({
        // Two priorities, overprovisioning 1.4, P1 healthy.
        "100 100, 50, 100 0",
        "72 100, 50, 100 0",
        "71 100, 50, 99 1",
        "50 100, 50, 70 30",
        "25 100, 50, 35 65",
        "0 100, 50, 0 100",
        // Three priorities.
        "100 100 100, 50, 100 0 0",
        "72 72 100, 50, 100 0 0",
        "71 71 100, 50, 99 1 0",
        "50 50 100, 50, 70 30 0",
        "25 100 100, 50, 35 65 0",
        "25 25 100, 50, 35 35 30",
        // Together below 100: scaled up, rounding goes to the first.
        "25 25 20, 0, 37 35 28",
        // Istio's default: no panic, nothing healthy, all load on the first where nobody is found.
        "0 0, 0, 100 0",
    })
    @DisplayName("load by priority")
    void load(String healthy, double panic, String expected) {
        int[] usable = ints(healthy);
        int[] total = new int[usable.length];
        Arrays.fill(total, 100);
        assertThat(percents(PriorityLoad.of(usable, total, panic, 0), usable.length))
                .isEqualTo(expected);
    }

    @Test
    @DisplayName("panic only while the priorities together cannot take the traffic")
    void panic() {
        PriorityLoad enough = PriorityLoad.of(new int[] {10, 100}, new int[] {100, 100}, 50, 0);
        assertThat(enough.panic(0)).isFalse();
        PriorityLoad scarce = PriorityLoad.of(new int[] {40, 10}, new int[] {100, 100}, 50, 0);
        assertThat(scarce.panic(0)).isTrue();
        assertThat(scarce.panic(1)).isTrue();
        // All panic: by number of hosts.
        PriorityLoad total = PriorityLoad.of(new int[] {5, 5}, new int[] {100, 300}, 50, 0);
        assertThat(percents(total, 2)).isEqualTo("25 75");
        assertThat(total.panic(0)).isTrue();
    }

    @Test
    @DisplayName("panic threshold 0 never panics")
    void neverPanics() {
        PriorityLoad l = PriorityLoad.of(new int[] {0}, new int[] {4}, 0, 0);
        assertThat(l.panic(0)).isFalse();
        assertThat(l.percent(0)).isEqualTo(100);
    }

    @Test
    @DisplayName("retryRemoteLocalities: priorities of earlier tries get nothing, unless nothing else is there")
    void excluded() {
        int[] all = {3, 3, 3};
        assertThat(percents(PriorityLoad.of(all, all, 0, 0b001), 3)).isEqualTo("0 100 0");
        assertThat(percents(PriorityLoad.of(all, all, 0, 0b011), 3)).isEqualTo("0 0 100");
        assertThat(percents(PriorityLoad.of(all, all, 0, 0b111), 3)).isEqualTo("100 0 0");
    }

    @Test
    @DisplayName("hashes spread over priorities as their percents say")
    void choose() {
        PriorityLoad l = PriorityLoad.of(new int[] {50, 100}, new int[] {100, 100}, 50, 0);
        int[] hits = new int[2];
        for (long h = 0; h < 1000; h++) {
            hits[l.choose(h)]++;
        }
        assertThat(hits).containsExactly(700, 300);
    }

    @Test
    @DisplayName("no priorities and empty priorities are no error")
    void empty() {
        assertThat(PriorityLoad.of(new int[0], new int[0], 50, 0).choose(7)).isZero();
        assertThat(percents(PriorityLoad.of(new int[] {0, 2}, new int[] {0, 2}, 50, 0), 2))
                .isEqualTo("0 100");
    }
}
