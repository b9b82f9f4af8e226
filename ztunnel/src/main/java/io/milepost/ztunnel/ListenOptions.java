package io.milepost.ztunnel;

import io.milepost.mesh.IpAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where pods' connections come in; a mixin of the command line. */
final class ListenOptions {
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

    /** @param pods whom they are for */
    ZtunnelSettings settings(PodOptions pods, int eventLoops, long drainMillis) {
        IpAddress entry =
                socks != null ? literal(socks, "--socks") : pods.isOne() ? literal("127.0.0.1", "--socks") : null;
        return new ZtunnelSettings(
                pods.names(),
                pods.node(),
                ip == null ? null : literal(ip, "--ip"),
                bind == null ? null : literal(bind, "--bind"),
                entry == null ? null : new InetSocketAddress(entry.toInetAddress(), socksPort),
                hbonePort,
                plainPort,
                outboundPort,
                socksPort,
                eventLoops,
                drainMillis);
    }

    static IpAddress literal(String text, String option) {
        return IpAddress.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(option + " wants an IP address, not '" + text + "'"));
    }
}
