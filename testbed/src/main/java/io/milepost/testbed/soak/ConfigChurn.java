package io.milepost.testbed.soak;

import io.milepost.testbed.load.MixedLoad;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code soak config-churn}: mixed load of clients that are not ours, while live routes, weights and policies change. */
@Command(
        name = "config-churn",
        mixinStandardHelpOptions = true,
        description =
                "64 clients (HTTP/1.1, h2c, TCP) while the configuration changes every 100 ms; no request may fail.")
public final class ConfigChurn implements Callable<Integer> {
    @Option(names = "--seconds", defaultValue = "60", description = "Length of the run (default: ${DEFAULT-VALUE}).")
    private int seconds = 60;

    @Option(
            names = "--net",
            defaultValue = "127.32",
            description = "First two octets of the mesh's addresses (default: ${DEFAULT-VALUE}).")
    private String net = "127.32";

    @Override
    public Integer call() throws Exception {
        Path folder = Files.createTempDirectory("milepost-churn");
        MixedLoad.Report r = MixedLoad.run(folder, net, Duration.ofSeconds(seconds));
        System.out.print(r);
        System.out.println(r.failed() == 0 ? "no request failed" : r.failed() + " FAILED; logs are in " + folder);
        return r.failed() == 0 ? 0 : 1;
    }

    public static void main(String[] args) {
        System.exit(new CommandLine(new ConfigChurn()).execute(args));
    }
}
