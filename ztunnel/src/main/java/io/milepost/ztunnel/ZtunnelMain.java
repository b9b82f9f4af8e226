package io.milepost.ztunnel;

import io.milepost.config.DirectorySource;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.telemetry.LogSink;
import io.milepost.ztunnel.admin.AdminServers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./milepost ztunnel ...}: access log on stdout, everything else on stderr, ready when 15021 says so. */
@Command(
        name = "ztunnel",
        mixinStandardHelpOptions = true,
        description = "Runs the minimal node proxy for one or more pods of a directory of YAML.")
public final class ZtunnelMain implements Callable<Integer> {
    private static final Duration LOG_FLUSH = Duration.ofMillis(100);

    @Option(
            names = "--config",
            required = true,
            paramLabel = "DIR",
            description = "Directory or file of Kubernetes, Gateway API and Istio YAML.")
    private @Nullable Path config;

    @Mixin
    private PodOptions pods = new PodOptions();

    @Mixin
    private ListenOptions listen = new ListenOptions();

    @Mixin
    private OperatorOptions operators = new OperatorOptions();

    @Option(
            names = "--drain",
            paramLabel = "MILLIS",
            defaultValue = "5000",
            description = "How long connections may last at the end (default: ${DEFAULT-VALUE}).")
    private long drainMillis;

    @Option(names = "--concurrency", defaultValue = "0", description = "Event loops; 0 takes one per processor.")
    private int concurrency;

    public static void main(String[] args) {
        System.exit(new CommandLine(new ZtunnelMain()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        IdentityCertificates identities = pods.identities();
        if (identities == null) {
            System.err.println(
                    "ztunnel: give --pod NAMESPACE/NAME or --node NAME, and --cert with --key or --certs DIR");
            return 2;
        }
        AccessLogWriter logs = new AccessLogWriter(LOG_FLUSH);
        LogSink sink = logs.sink("/dev/stdout");
        Path directory = java.util.Objects.requireNonNull(config, "--config");
        Ztunnel ztunnel;
        AdminServers admin;
        try {
            ztunnel = Ztunnel.start(
                    listen.settings(pods, concurrency, drainMillis),
                    new DirectorySource(
                            directory, Optional.empty(), new SnapshotBuilder(new AuthorizationTranslator())),
                    identities,
                    sink::append);
            admin = admin(ztunnel);
        } catch (ConfigException | IllegalArgumentException | IOException e) {
            System.err.println("ztunnel: " + e.getMessage());
            return 1;
        }
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            admin.closeReadiness();
                            ztunnel.drainAndClose();
                            admin.close();
                            logs.close();
                            ended.countDown();
                        },
                        "drain"));
        admin.onQuit(() -> new Thread(() -> System.exit(0), "quit").start());
        System.err.println("ztunnel: serving " + ztunnel.proxies().keySet()
                + (ztunnel.pending().isEmpty() ? "" : ", waiting for " + ztunnel.pending()));
        ended.await();
        return 0;
    }

    private AdminServers admin(Ztunnel ztunnel) throws IOException {
        try {
            return operators.start(ztunnel);
        } catch (IOException e) {
            ztunnel.close();
            throw e;
        }
    }
}
