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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The real waypoint in this JVM, put together as {@code ./milepost waypoint --config DIR} does it. A process per case would cost a second of processor time each; the program's own command line is
 * tried by the demo and by {@link CommandWaypoint}.
 */
public final class InProcessWaypoint implements WaypointUnderTest {
    /** Envoy recorded with one worker, so that what counts per worker is exact. */
    private static final int EVENT_LOOPS = 1;

    private static final Duration LOG_FLUSH = Duration.ofMillis(2);

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
        return waypoint;
    }
}
