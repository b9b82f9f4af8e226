package io.milepost.waypoint.admin;

import io.milepost.mesh.IpAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Where operators' ports listen; a mixin of the command line. */
public final class AdminOptions {
    @Option(
            names = "--admin-port",
            defaultValue = "15000",
            description = "Admin pages, on a loopback address; 0 is off (default: ${DEFAULT-VALUE}).")
    private int adminPort = 15000;

    @Option(
            names = "--admin-ip",
            defaultValue = "",
            description =
                    "Address of the admin pages (default: that of --ip where it is a loopback address, else 127.0.0.1"
                            + " or ::1).")
    private String adminIp = "";

    @Option(
            names = "--status-port",
            defaultValue = "15021",
            description = "Readiness, /healthz/ready; 0 is off (default: ${DEFAULT-VALUE}).")
    private int statusPort = 15021;

    @Option(
            names = "--metrics-port",
            defaultValue = "15020",
            description = "Metrics, /stats/prometheus and /metrics; 0 is off (default: ${DEFAULT-VALUE}).")
    private int metricsPort = 15020;

    @Option(
            names = "--envoy-metrics-port",
            defaultValue = "15090",
            description = "The same metrics where Envoy has them; 0 is off (default: ${DEFAULT-VALUE}).")
    private int envoyMetricsPort = 15090;

    /** What listens where. */
    List<Listener> listeners(String ip, Operations operations, LogLevels levels) {
        List<Listener> all = new ArrayList<>();
        String admin = adminIp.isEmpty() ? adminAddress(ip) : adminIp;
        add(all, "--admin-port", admin, adminPort, new AdminSite(operations, levels), true);
        add(all, "--status-port", ip, statusPort, new StatusSite(operations), false);
        add(all, "--metrics-port", ip, metricsPort, new MetricsSite(operations), false);
        add(all, "--envoy-metrics-port", ip, envoyMetricsPort, new MetricsSite(operations), false);
        return all;
    }

    private static void add(List<Listener> all, String option, String ip, int port, Site site, boolean localOnly) {
        if (port != 0) {
            all.add(new Listener(option, new InetSocketAddress(ip, port), site, localOnly));
        }
    }

    /** The admin pages stay on this machine: whoever reaches them may drain the waypoint and read its configuration. */
    static String adminAddress(String ip) {
        boolean v6 = IpAddress.parse(ip).map(IpAddress::v6).orElse(false);
        return new InetSocketAddress(ip, 0).getAddress().isLoopbackAddress() ? ip : v6 ? "::1" : "127.0.0.1";
    }

    /** @param localOnly a question must name an address or localhost as its host, and come from no other site */
    record Listener(String option, InetSocketAddress address, Site site, boolean localOnly) {}
}
