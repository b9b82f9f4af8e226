package io.milepost.waypoint;

import io.milepost.config.DirectorySource;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.GatewayApiMode;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.config.xds.DumpSource;
import io.milepost.mesh.SnapshotSource;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.telemetry.AccessLogger;
import io.milepost.waypoint.admin.AdminOptions;
import io.milepost.waypoint.admin.AdminServer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./milepost waypoint ...}: access log on stdout, everything else on stderr, ready when 15008 accepts. */
@Command(
        name = "waypoint",
        mixinStandardHelpOptions = true,
        description = "Runs a waypoint from a directory of YAML or from a recorded istiod dump.")
public final class WaypointMain implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(WaypointMain.class);

    @Option(names = "--config", description = "Directory or file of Kubernetes, Gateway API and Istio YAML.")
    private @Nullable Path config;

    @Option(names = "--xds-dump", description = "Directory with lds.json, cds.json, eds.json of istiod.")
    private @Nullable Path xdsDump;

    @Option(names = "--gateway", description = "The Gateway this waypoint is, as namespace/name.")
    private @Nullable String gateway;

    @Option(names = "--ip", defaultValue = "0.0.0.0", description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String ip = "0.0.0.0";

    @Option(names = "--hbone-port", defaultValue = "15008", description = "HBONE port (default: ${DEFAULT-VALUE}).")
    private int hbonePort;

    @Option(names = "--root-cert", required = true, description = "PEM file with the roots of the mesh.")
    private @Nullable Path rootCert;

    @Option(names = "--cert", required = true, description = "PEM file with our certificate chain.")
    private @Nullable Path cert;

    @Option(names = "--key", required = true, description = "PEM file with our private key.")
    private @Nullable Path key;

    @Option(names = "--concurrency", defaultValue = "0", description = "Event loops; 0 takes one per processor.")
    private int concurrency;

    @Option(
            names = "--access-log-flush",
            defaultValue = "100",
            paramLabel = "MILLIS",
            description = "How long an access log line may wait before it is written (default: ${DEFAULT-VALUE}).")
    private long accessLogFlushMillis = 100;

    @Option(
            names = "--minimum-drain",
            defaultValue = "-1",
            paramLabel = "MILLIS",
            description =
                    "After SIGTERM accepts at least so long, for clients that have not heard yet (default: the mesh's"
                            + " terminationDrainDuration; 0 on a loopback address).")
    private long minimumDrainMillis = -1;

    @Mixin
    private AdminOptions admin = new AdminOptions();

    public static void main(String[] args) {
        EarlyTls.libraries();
        System.exit(new CommandLine(new WaypointMain()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        SnapshotSource source = source();
        if (source == null) {
            System.err.println("waypoint: give --config DIR with --gateway NAMESPACE/NAME, or --xds-dump DIR");
            return 2;
        }
        Path root = java.util.Objects.requireNonNull(rootCert, "--root-cert");
        Path chain = java.util.Objects.requireNonNull(cert, "--cert");
        Path privateKey = java.util.Objects.requireNonNull(key, "--key");
        EarlyTls tls = EarlyTls.read(root, chain, privateKey);
        WaypointOperations operations = new WaypointOperations(
                gateway == null ? "" : gateway,
                () -> source instanceof DirectorySource d ? d.status() : List.of(),
                () -> source instanceof DirectorySource d
                        ? Optional.of(d.analyze(AccessLogger::problems))
                        : Optional.empty());
        try (AdminServer pages = AdminServer.start(admin, ip, operations)) {
            Waypoint waypoint = Waypoint.start(
                    source,
                    tls.certificates(),
                    concurrency,
                    List.of(new InetSocketAddress(ip, hbonePort)),
                    new AccessLogWriter(Duration.ofMillis(accessLogFlushMillis)));
            operations.serving(waypoint);
            System.err.println(
                    "waypoint: serving HBONE on " + waypoint.addresses() + ", operators on " + pages.addresses());
            awaitEnd(waypoint, pages);
            return 0;
        } catch (ConfigException | IllegalArgumentException e) {
            System.err.println("waypoint: " + e.getMessage());
            return 1;
        }
    }

    /** The first signal drains, a second one ends the drain. */
    private void awaitEnd(Waypoint waypoint, AdminServer pages) throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        boolean ours = Signals.onTermination(() -> {
            if (asked.getCount() == 0) {
                waypoint.hurry();
            }
            asked.countDown();
        });
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            // Another way to end than our signals (SIGHUP, or no signals of our own).
                            asked.countDown();
                            awaitQuietly(closed);
                        },
                        "shutdown"));
        log.debug("signals are handled by {}", ours ? "us" : "the JVM");
        asked.await();
        try {
            waypoint.drainAndClose(minimumDrain(), pages::close);
        } finally {
            closed.countDown();
        }
    }

    private long minimumDrain() {
        boolean loopback = new InetSocketAddress(ip, hbonePort).getAddress().isLoopbackAddress();
        return minimumDrainMillis >= 0 ? minimumDrainMillis : loopback ? 0 : Long.MAX_VALUE;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable SnapshotSource source() {
        if (xdsDump != null) {
            return new DumpSource(xdsDump);
        }
        if (config != null && gateway != null) {
            return new DirectorySource(
                    config,
                    Optional.of(GatewayRef.parse(gateway)),
                    new SnapshotBuilder(new AuthorizationTranslator(), GatewayApiMode.ISTIO, ip));
        }
        return null;
    }
}
