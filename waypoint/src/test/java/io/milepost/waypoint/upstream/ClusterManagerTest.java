package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.OutlierDetection;
import io.milepost.mesh.MeshSnapshot;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@SuppressWarnings("NullAway") // a null where none belongs fails the test
class ClusterManagerTest {
    private final Fixture f = new Fixture().endpoints(Fixture.endpoint("10.0.0.1", 1), Fixture.endpoint("10.0.0.2", 1));
    private final ClusterManager manager = new ClusterManager(NameResolver.none(), f.clock());

    @AfterEach
    void close() {
        manager.close();
    }

    private MeshSnapshot snapshot(boolean present) {
        MeshSnapshot e = MeshSnapshot.EMPTY;
        Cluster c = f.cluster();
        return new MeshSnapshot(
                1,
                e.dispatch(),
                e.httpChains(),
                e.tcpChains(),
                present ? Map.of(c.name(), c) : Map.of(),
                present ? Map.of(c.name(), f.listed()) : Map.of(),
                e.workloads(),
                e.services(),
                e.l4Policies(),
                e.settings(),
                e.refusedLogs());
    }

    @Test
    @DisplayName("a cluster that left serves the exchanges that began before, for a minute and while requests run")
    void lingers() {
        manager.update(snapshot(true));
        ClusterState s = manager.get(Fixture.NAME);
        manager.update(snapshot(false));
        assertThat(manager.get(Fixture.NAME)).isSameAs(s);
        assertThat(s.pick(Fixture.pick().begin())).isNotNull();
        s.limits().request();
        f.pass(61_000);
        manager.tick();
        assertThat(manager.get(Fixture.NAME)).as("a request is in progress").isNotNull();
        s.limits().requestDone();
        manager.tick();
        assertThat(manager.get(Fixture.NAME)).isNull();
        assertThat(s.hosts()).allSatisfy(h -> assertThat(h.removed()).isTrue());
    }

    @Test
    @DisplayName("a cluster that comes back in time is the same one")
    void comesBack() {
        manager.update(snapshot(true));
        ClusterState s = manager.get(Fixture.NAME);
        s.hosts().getFirst().active().set(5);
        manager.update(snapshot(false));
        f.pass(59_000);
        manager.update(snapshot(true));
        f.pass(59_000);
        manager.tick();
        assertThat(manager.get(Fixture.NAME)).isSameAs(s);
        assertThat(manager.active()).isEqualTo(5);
    }

    @Test
    @DisplayName("ejections end at an interval of outlier detection, not before")
    void intervals() {
        f.outlier = Optional.of(new OutlierDetection(1, 0, false, 5, 10_000, 3_000, 300_000, 100));
        manager.update(snapshot(true));
        manager.tick();
        ClusterState s = manager.get(Fixture.NAME);
        s.answered(s.hosts().getFirst(), 500);
        assertThat(s.ejected()).isEqualTo(1);
        f.pass(9_999);
        manager.tick();
        assertThat(s.ejected()).isEqualTo(1);
        f.pass(1);
        manager.tick();
        assertThat(s.ejected()).isZero();
        assertThat(manager.total("outlier_detection.ejections_enforced_total")).isEqualTo(1);
    }

    @Test
    @DisplayName("every counter has a name of its own")
    void names() {
        assertThat(ClusterStats.names()).doesNotHaveDuplicates().hasSizeGreaterThan(20);
    }
}
