package io.milepost.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.milepost.bench.load.Load;
import io.milepost.bench.load.Outcome;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.Milepost;
import io.milepost.bench.peer.Workload;
import io.milepost.bench.run.Bench;
import io.milepost.bench.run.Lab;
import io.milepost.config.DirectorySource;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.testbed.ca.TestCa;
import io.milepost.waypoint.Waypoint;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the data path of a waypoint allocates for a request: half a minute of load on a waypoint in this process, whose event loops'
 * allocation the JVM counts exactly. A bound on bytes is stable where a bound on time is not.
 */
class AllocationTest {
    private static final double WARMUP = 6;
    private static final double WINDOW = 8;

    @TempDir
    Path folder;

    /** Bounds: 3 KiB is the target of the plain route; measured were 1,901 and 2,568 bytes on a busy machine with two processors. */
    @ParameterizedTest
    @CsvSource({"false, PLAIN, 127.2.19.1, 3072", "true, REALISTIC, 127.2.19.2, 4096"})
    void theDataPathAllocatesLittle(boolean realistic, Shapes shape, String address, long bound) throws Exception {
        try (Lab lab = new Lab(folder)) {
            Path config = folder.resolve("config");
            Milepost.writeConfig(new Workload(realistic, 0), address, config);
            TestCa.Leaf identity = lab.mesh().ca().leaf("default", "waypoint");
            InetSocketAddress hbone = new InetSocketAddress(address, 15008);
            try (Waypoint waypoint = Waypoint.start(
                            new DirectorySource(
                                    config,
                                    Optional.of(GatewayRef.parse("default/waypoint")),
                                    new SnapshotBuilder(new AuthorizationTranslator())),
                            new PemWorkloadCertificates(lab.mesh().ca().root(), identity.cert(), identity.key()),
                            2,
                            List.of(hbone),
                            new AccessLogWriter(
                                    Duration.ofSeconds(1),
                                    Map.of(
                                            "/dev/stdout",
                                            folder.resolve("access.log").toString())));
                    Load load = lab.load(hbone, shape, Lab.CONNECTIONS, 16, 0)) {
                assertThat(waypoint.addresses()).containsExactly(hbone);
                load.startClosed();
                Bench.pause(WARMUP);
                load.beginWindow();
                long before = allocatedByLoops();
                Bench.pause(WINDOW);
                long after = allocatedByLoops();
                Outcome outcome = load.endWindow();
                load.stop();

                assertThat(outcome.errors())
                        .as("errors, the last one: %s", load.lastError())
                        .isZero();
                assertThat(outcome.answers()).isGreaterThan(1_000);
                long perRequest = (after - before) / outcome.answers();
                System.out.println("allocated per request, " + shape + ": " + perRequest + " bytes");
                assertThat(perRequest).as("bytes allocated per request").isBetween(1L, bound);
            }
        }
    }

    /** Those of the waypoint: the load generator's and the backends' have names of their own. */
    private static long allocatedByLoops() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (Thread t : Thread.getAllStackTraces().keySet()) {
            if (t.getName().startsWith("waypoint-")) {
                sum += threads.getThreadAllocatedBytes(t.threadId());
            }
        }
        return sum;
    }
}
