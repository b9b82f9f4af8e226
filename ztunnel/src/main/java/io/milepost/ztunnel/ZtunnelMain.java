package io.milepost.ztunnel;

import io.milepost.config.DirectorySource;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.mesh.IpAddress;
import io.milepost.telemetry.AccessLogWriter;
import io.milepost.telemetry.LogSink;
import io.milepost.ztunnel.admin.AdminServers;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
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

    @Option(
            names = "--pod",
            paramLabel = "NAMESPACE/NAME",
            description = "A pod to act for; may be given several times.")
    private List<String> pods = new ArrayList<>();

    @Option(
            names = "--node",
            paramLabel = "NAME",
            description = "Act for all enrolled pods of this node (\"\" for pods without one) instead.")
    private @Nullable String node;

    @Option(
            names = "--ip",
            paramLabel = "ADDRESS",
            description = "Address of the one pod (default: the one in the configuration).")
    private @Nullable String ip;

    @Option(
            names = "--bind",
            paramLabel = "ADDRESS",
            description = "Where 15001 and 15006 listen (default: the pod's address; 0.0.0.0 behind iptables).")
    private @Nullable String bind;

    @Option(
            names = "--socks",
            paramLabel = "ADDRESS",
            description = "Where SOCKS5 listens (default: 127.0.0.1 for one pod, else each pod's own address).")
    private @Nullable String socks;

    @Option(
            names = "--socks-port",
            paramLabel = "PORT",
            defaultValue = "15080",
            description = "0 turns SOCKS5 off (default: ${DEFAULT-VALUE}).")
    private int socksPort;

    @Option(
            names = "--hbone-port",
            paramLabel = "PORT",
            defaultValue = "15008",
            description = "Default: ${DEFAULT-VALUE}.")
    private int hbonePort;

    @Option(
            names = "--outbound-port",
            paramLabel = "PORT",
            defaultValue = "15001",
            description = "Captured connections of the pod (default: ${DEFAULT-VALUE}).")
    private int outboundPort;

    @Option(
            names = "--plaintext-port",
            paramLabel = "PORT",
            defaultValue = "15006",
            description = "Captured connections to the pod (default: ${DEFAULT-VALUE}).")
    private int plainPort;

    @Option(names = "--root-cert", required = true, description = "PEM file with the roots of the mesh.")
    private @Nullable Path rootCert;

    @Option(names = "--cert", description = "PEM file with the pod's certificate chain.")
    private @Nullable Path cert;

    @Option(names = "--key", description = "PEM file with the pod's private key.")
    private @Nullable Path key;

    @Option(
            names = "--certs",
            paramLabel = "DIR",
            description = "Instead of --cert and --key: NAMESPACE-SERVICEACCOUNT.pem and .key per identity.")
    private @Nullable Path certs;

    @Option(
            names = "--admin-ip",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "Address of 15000, 15020 and 15021 (default: ${DEFAULT-VALUE}).")
    private String adminIp = "127.0.0.1";

    @Option(
            names = "--admin-port",
            paramLabel = "PORT",
            defaultValue = "15000",
            description = "Default: ${DEFAULT-VALUE}.")
    private int adminPort;

    @Option(
            names = "--stats-port",
            paramLabel = "PORT",
            defaultValue = "15020",
            description = "Default: ${DEFAULT-VALUE}.")
    private int statsPort;

    @Option(
            names = "--readiness-port",
            paramLabel = "PORT",
            defaultValue = "15021",
            description = "Default: ${DEFAULT-VALUE}.")
    private int readinessPort;

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
        IdentityCertificates identities = identities();
        if (identities == null || pods.isEmpty() == (node == null)) {
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
                    settings(),
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
            return AdminServers.start(ztunnel, literal(adminIp, "--admin-ip"), adminPort, statsPort, readinessPort);
        } catch (IOException e) {
            ztunnel.close();
            throw e;
        }
    }

    private @Nullable IdentityCertificates identities() {
        Path root = java.util.Objects.requireNonNull(rootCert, "--root-cert");
        if (certs != null) {
            return new PemDirectory(root, certs);
        }
        Path chain = cert;
        Path privateKey = key;
        if (chain == null || privateKey == null || node != null || pods.size() != 1) {
            return null;
        }
        return identity -> new PemWorkloadCertificates(root, chain, privateKey);
    }

    private ZtunnelSettings settings() {
        boolean one = node == null && pods.size() == 1;
        IpAddress entry = socks != null ? literal(socks, "--socks") : one ? literal("127.0.0.1", "--socks") : null;
        return new ZtunnelSettings(
                pods,
                node,
                ip == null ? null : literal(ip, "--ip"),
                bind == null ? null : literal(bind, "--bind"),
                entry == null ? null : new InetSocketAddress(entry.toInetAddress(), socksPort),
                hbonePort,
                plainPort,
                outboundPort,
                socksPort,
                concurrency,
                drainMillis);
    }

    private static IpAddress literal(String text, String option) {
        return IpAddress.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(option + " wants an IP address, not '" + text + "'"));
    }
}
