package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.Cluster.OutlierDetection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutliersTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";

    private static OutlierDetection of(int consecutive5xx, int gateway, int maxPercent) {
        return new OutlierDetection(consecutive5xx, gateway, false, 5, 1_000, 3_000, 300_000, maxPercent);
    }

    private static Fixture three(OutlierDetection o) {
        Fixture f = new Fixture()
                .policyOf(Policy.ROUND_ROBIN)
                .endpoints(Fixture.endpoint(A, 1), Fixture.endpoint(B, 1), Fixture.endpoint(C, 1));
        f.outlier = Optional.of(o);
        return f;
    }

    @Test
    @DisplayName("three 5xx in a row eject, a good answer between them does not (recorded: vs-dr-outlier)")
    void consecutive() {
        ClusterState s = three(of(3, 0, 50)).build();
        HostState a = Fixture.host(s, A);
        s.answered(a, 500);
        s.answered(a, 503);
        s.answered(a, 200);
        s.answered(a, 500);
        s.answered(a, 500);
        assertThat(a.ejected()).isFalse();
        s.answered(a, 500);
        assertThat(a.ejected()).isTrue();
        assertThat(s.ejected()).isEqualTo(1);
        assertThat(s.why(a)).isEqualTo(Skip.EJECTED);
        assertThat(Fixture.tally(s, 12)).containsEntry(B, 6).containsEntry(C, 6).doesNotContainKey(A);
        assertThat(s.stats().ejections.sum()).isEqualTo(1);
    }

    @Test
    @DisplayName("500 is no gateway error, 502 to 504 are (recorded)")
    void gateway() {
        ClusterState s = three(of(0, 2, 100)).build();
        HostState a = Fixture.host(s, A);
        for (int i = 0; i < 10; i++) {
            s.answered(a, 500);
        }
        assertThat(a.ejected()).isFalse();
        s.answered(a, 502);
        s.answered(a, 500);
        s.answered(a, 504);
        assertThat(a.ejected()).isFalse();
        s.answered(a, 503);
        assertThat(a.ejected()).isTrue();
    }

    @Test
    @DisplayName("resets and timeouts count as gateway errors, overflow does not (measured)")
    void local() {
        ClusterState s = three(of(0, 2, 100)).build();
        HostState a = Fixture.host(s, A);
        s.failed(a, Reset.OVERFLOW);
        s.failed(a, Reset.OVERFLOW);
        assertThat(a.ejected()).isFalse();
        s.failed(a, Reset.CONNECTION_TERMINATION);
        s.failed(a, Reset.PER_TRY_TIMEOUT);
        assertThat(a.ejected()).isTrue();
    }

    @Test
    @DisplayName("splitExternalLocalOriginErrors counts failures of ours apart; a connection made resets them")
    void split() {
        Fixture f = three(new OutlierDetection(2, 0, true, 3, 1_000, 3_000, 300_000, 100));
        ClusterState s = f.build();
        HostState a = Fixture.host(s, A);
        s.failed(a, Reset.CONNECT_FAILURE);
        s.failed(a, Reset.CONNECT_FAILURE);
        s.connected(a);
        s.failed(a, Reset.CONNECT_FAILURE);
        s.answered(a, 503);
        assertThat(a.ejected()).isFalse();
        s.failed(a, Reset.CONNECT_FAILURE);
        s.failed(a, Reset.CONNECT_FAILURE);
        assertThat(a.ejected()).isTrue();
        HostState b = Fixture.host(s, B);
        s.answered(b, 503);
        s.answered(b, 503);
        assertThat(b.ejected()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 10, 10, true",
        "1, 9, 10, false",
        "1, 3, 50, true",
        "2, 3, 50, false",
        "2, 4, 50, true",
        "1, 1, 100, true",
        "1, 1, 99, false",
        "3, 3, 200, true",
        "1, 0, 100, false",
    })
    @DisplayName(
            "maxEjectionPercent: the share with the new one must not exceed it (Envoy without always_eject_one_host)")
    void share(int ejected, int total, int percent, boolean may) {
        assertThat(Outliers.mayEject(ejected, total, percent)).isEqualTo(may);
    }

    @Test
    @DisplayName("what the percentage forbids is counted, and tried again after as many errors")
    void overflow() {
        ClusterState s = three(of(2, 0, 34)).build();
        for (String host : List.of(A, B)) {
            s.answered(Fixture.host(s, host), 500);
            s.answered(Fixture.host(s, host), 500);
        }
        assertThat(s.ejected()).isEqualTo(1);
        assertThat(s.stats().ejectionOverflow.sum()).isEqualTo(1);
    }

    @Test
    @DisplayName("the only endpoint ejected: no healthy upstream (recorded)")
    void only() {
        Fixture f = new Fixture().endpoints(Fixture.endpoint(A, 1));
        f.outlier = Optional.of(of(1, 0, 100));
        ClusterState s = f.build();
        s.answered(Fixture.host(s, A), 503);
        Pick p = Fixture.pick();
        assertThat(s.pick(p.begin())).isNull();
        assertThat(p.none()).isEqualTo(Skip.EJECTED);
        f.panic = 50;
        s.update(f.cluster(), f.listed());
        assertThat(s.pick(p.begin()))
                .as("minHealthPercent: panic uses it all the same")
                .isNotNull();
        assertThat(p.panic()).isTrue();
    }

    @Test
    @DisplayName("ejections grow with each one that follows and shrink again in good intervals")
    void growing() {
        Fixture f = three(of(1, 0, 100));
        ClusterState s = f.build();
        HostState a = Fixture.host(s, A);
        OutlierDetection o = of(1, 0, 100);
        long[] expected = {3_000, 6_000, 9_000};
        for (long millis : expected) {
            s.answered(a, 500);
            assertThat(a.outlier().ejectionMillis(o)).isEqualTo(millis);
            f.pass(millis - 1);
            s.outlierInterval();
            assertThat(a.ejected()).isTrue();
            f.pass(1);
            s.outlierInterval();
            assertThat(a.ejected()).isFalse();
        }
        s.outlierInterval();
        s.outlierInterval();
        s.answered(a, 500);
        assertThat(a.outlier().ejectionMillis(o)).as("two good intervals").isEqualTo(6_000);
    }

    @Test
    @DisplayName("an ejection never lasts longer than the maximum")
    void longest() {
        OutlierDetection o = new OutlierDetection(1, 0, false, 5, 1_000, 3_000, 7_000, 100);
        HostOutlier h = new HostOutlier();
        for (int i = 0; i < 10; i++) {
            assertThat(h.eject(o, 0)).isTrue();
            assertThat(h.release()).isTrue();
        }
        assertThat(h.ejectionMillis(o)).isEqualTo(7_000);
        assertThat(h.ejections()).isEqualTo(10);
    }

    @Test
    @DisplayName("switching detection off brings everybody back")
    void off() {
        Fixture f = three(of(1, 0, 100));
        ClusterState s = f.build();
        s.answered(Fixture.host(s, A), 500);
        f.outlier = Optional.empty();
        s.update(f.cluster(), f.listed());
        s.outlierInterval();
        assertThat(s.ejected()).isZero();
        assertThat(Fixture.tally(s, 30)).containsOnlyKeys(A, B, C);
    }

    @Test
    @DisplayName("endpoints updates keep ejections; an ejected endpoint that leaves no longer counts")
    void updates() {
        Fixture f = three(of(1, 0, 100));
        ClusterState s = f.build();
        HostState a = Fixture.host(s, A);
        a.active().set(7);
        s.answered(a, 500);
        f.endpoints(Fixture.endpoint(A, 1), Fixture.endpoint(B, 1));
        s.update(f.cluster(), f.listed());
        assertThat(Fixture.host(s, A)).isSameAs(a);
        assertThat(a.ejected()).isTrue();
        assertThat(a.active()).hasValue(7);
        assertThat(f.removed)
                .singleElement()
                .satisfies(h -> assertThat(h.endpoint().address()).isEqualTo(C));
        f.endpoints(Fixture.endpoint(B, 1));
        s.update(f.cluster(), f.listed());
        assertThat(s.ejected()).isZero();
        assertThat(a.removed()).isTrue();
    }

    @Test
    @DisplayName("many event loops at once: never more ejected than allowed, and the count is right")
    void concurrent() throws InterruptedException {
        Fixture f = new Fixture()
                .endpoints(
                        Fixture.endpoint(A, 1),
                        Fixture.endpoint(B, 1),
                        Fixture.endpoint(C, 1),
                        Fixture.endpoint("10.0.0.4", 1));
        f.outlier = Optional.of(of(1, 0, 50));
        for (int round = 0; round < 50; round++) {
            ClusterState s = f.build();
            CountDownLatch start = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(4);
            for (HostState h : s.hosts()) {
                Thread.ofVirtual().start(() -> {
                    try {
                        start.await();
                        s.answered(h, 500);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        end.countDown();
                    }
                });
            }
            start.countDown();
            assertThat(end.await(10, TimeUnit.SECONDS)).isTrue();
            long ejected = s.hosts().stream().filter(HostState::ejected).count();
            assertThat(ejected).isBetween(1L, 2L).isEqualTo(s.ejected());
            assertThat(s.size()).isEqualTo((int) (4 - ejected));
        }
    }
}
