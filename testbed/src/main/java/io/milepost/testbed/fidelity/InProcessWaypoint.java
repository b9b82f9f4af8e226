package io.milepost.testbed.fidelity;

import io.milepost.config.DirectorySource;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.mesh.SnapshotSource;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.testbed.echo.HbonePod;
import io.milepost.waypoint.Waypoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.awaitility.Awaitility;

/**
 * The real waypoint in this JVM, put together as {@code ./milepost waypoint --config DIR} does it. A process per case would cost a second of processor time each; the program's own command line is
 * tried by the demo and by {@link CommandWaypoint}.
 */
public final class InProcessWaypoint implements WaypointUnderTest {
    /** Envoy recorded with one worker, so that what counts per worker is exact. */
    private static final int EVENT_LOOPS = 1;

    private static final Duration LOG_FLUSH = Duration.ofMillis(2);
    /** The accepting loop rests for two seconds before it ends; the next cases need not wait for that. */
    private static final Semaphore ENDING = new Semaphore(4);

    @Override
    public AutoCloseable start(Launch l) throws IOException {
        SnapshotSource source = new DirectorySource(
                l.config(),
                Optional.of(GatewayRef.parse(l.gateway())),
                new SnapshotBuilder(new AuthorizationTranslator()));
        InetSocketAddress address = new InetSocketAddress(l.ip(), HbonePod.PORT);
        Waypoint waypoint = Waypoint.start(
                source,
                new PemWorkloadCertificates(l.root(), l.cert(), l.key()),
                EVENT_LOOPS,
                List.of(address),
                new AccessLogWriter(
                        LOG_FLUSH, Map.of("/dev/stdout", l.accessLog().toString())));
        return () -> stop(waypoint, address);
    }

    private static void stop(Waypoint waypoint, InetSocketAddress address) throws InterruptedException {
        ENDING.acquire();
        Thread.ofPlatform().daemon().name("waypoint-ends").start(() -> {
            try {
                waypoint.close();
            } finally {
                ENDING.release();
            }
        });
        Awaitility.await("the waypoint's address is free again")
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofSeconds(20))
                .until(() -> !accepts(address));
    }

    private static boolean accepts(InetSocketAddress address) {
        try (Socket s = new Socket()) {
            s.connect(address, 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
