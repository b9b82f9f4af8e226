package io.milepost.waypoint;

import io.milepost.config.DirectorySource;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.config.xds.DumpSource;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.mesh.SnapshotSource;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./milepost waypoint ...}: access log on stdout, everything else on stderr, ready when 15008 accepts. */
@Command(
        name = "waypoint",
        mixinStandardHelpOptions = true,
        description = "Runs a waypoint from a directory of YAML or from a recorded istiod dump.")
public final class WaypointMain implements Callable<Integer> {
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

    public static void main(String[] args) {
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
        Waypoint waypoint;
        try {
            waypoint = Waypoint.start(
                    source,
                    new PemWorkloadCertificates(root, chain, privateKey),
                    concurrency,
                    List.of(new InetSocketAddress(ip, hbonePort)));
        } catch (ConfigException e) {
            System.err.println("waypoint: " + e.getMessage());
            return 1;
        }
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            waypoint.drainAndClose();
                            ended.countDown();
                        },
                        "drain"));
        System.err.println("waypoint: serving HBONE on " + waypoint.addresses());
        ended.await();
        return 0;
    }

    private @Nullable SnapshotSource source() {
        if (xdsDump != null) {
            return new DumpSource(xdsDump);
        }
        if (config != null && gateway != null) {
            return new DirectorySource(
                    config, Optional.of(GatewayRef.parse(gateway)), new SnapshotBuilder(new AuthorizationTranslator()));
        }
        return null;
    }
}
