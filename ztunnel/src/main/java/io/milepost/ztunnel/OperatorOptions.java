package io.milepost.ztunnel;

import io.milepost.ztunnel.admin.AdminServers;
import java.io.IOException;
import picocli.CommandLine.Option;

/** Where operators' ports listen; a mixin of the command line. */
final class OperatorOptions {
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

    AdminServers start(Ztunnel ztunnel) throws IOException {
        return AdminServers.start(
                ztunnel, ListenOptions.literal(adminIp, "--admin-ip"), adminPort, statsPort, readinessPort);
    }
}
